import { basename } from 'node:path'
import type { Random } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { randomFraction } from '../model/random-fraction.ts'
import { randomUuid } from '../model/random-uuid.ts'
import type { ValueDrawn } from '../model/records.ts'
import type { ScopePath } from '../model/scope.ts'
import type { Attempt } from './attempt.ts'
import { CallSite } from './call-site.ts'
import { currentScope } from './current-scope.ts'

type Kind = ValueDrawn['kind']

/**
 * The values that one call of a function draws. Each is known by who draws it (`scope`: the run itself, a stage, an item) and, there, by the caller's own name or else by its place among those of
 * its kind. So what goes on beside it has no say in which value it gets, and a function that is called again begins anew.
 */
export class ValueDraws {
  readonly #attempt: Attempt
  readonly #scope: ScopePath
  readonly #drawn = { now: 0, uuid: 0, random: 0 }
  #toldOfOtherPlace = false

  constructor(attempt: Attempt, scope: ScopePath) {
    this.#attempt = attempt
    this.#scope = scope
  }

  now(name?: string): number {
    return this.#draw('now', name, () => this.#attempt.facts.core.clock.now(), isNumber)
  }

  uuid(name?: string): string {
    return this.#draw('uuid', name, randomUuid, isText)
  }

  random(name?: string): number {
    return this.#draw('random', name, randomFraction, isNumber)
  }

  /** The record of a value goes into the log before any later one. */
  #draw<Value extends number | string>(
    kind: Kind,
    name: string | undefined,
    make: (random: Random) => Value,
    is: (value: unknown) => value is Value,
  ): Value {
    if (name !== undefined && (typeof name !== 'string' || name === '')) throw badName(kind, name)
    const { core, recorded } = this.#attempt.facts
    const isByOrder = this.#scope === '' && name === undefined && recorded.drawn.areByOrder
    const inside = this.#scope === '' ? currentScope.getStore() : undefined
    if (inside !== undefined && !isByOrder) throw outerDrawInside(kind, inside)
    const scope = isByOrder ? undefined : this.#scope
    const index = name === undefined ? this.#drawn[kind]++ : 0
    const known = recorded.drawn.get(scope, { kind, index, ...(name === undefined ? {} : { name }) })
    const site = scope === '' && name === undefined ? placeOfCall() : undefined
    if (known !== undefined && is(known.value)) {
      this.#compare(known, site)
      return known.value
    }
    const value = make(core.random.named?.(`${scope ?? ''} ${kind} ${name ?? index}`) ?? core.random)
    const record: ValueDrawn = {
      type: 'value.drawn',
      time: core.clock.now(),
      ...(scope === undefined ? {} : { scope }),
      kind,
      index,
      ...(name === undefined ? {} : { name }),
      ...(site === undefined ? {} : { site }),
      value,
    }
    // At once: a call that is made again a moment later must find it.
    recorded.drawn.set(record)
    this.#attempt.announce(record)
    return value
  }

  /** With the same code, another line asks for the value that this one got: the order of the calls depends on what is faster. Told once. */
  #compare(known: ValueDrawn, site: string | undefined): void {
    const { plan } = this.#attempt.facts
    const isSameCode = plan.code === undefined || plan.code.length === 0
    if (this.#toldOfOtherPlace || !isSameCode || known.site === undefined || site === undefined || known.site === site) return
    this.#toldOfOtherPlace = true
    const call = `run.${known.kind}()`
    this.#attempt.emit({
      type: 'notice',
      message: `${call} at ${site} was given the value that an earlier attempt drew at ${known.site}: between parallel branches the order of calls may change. Give each value a name, as in run.${known.kind}('order'), or draw it before the branches part`,
    })
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number'
const isText = (value: unknown): value is string => typeof value === 'string'

/** `shop.ts:14:22`, without the folder, which differs from machine to machine. */
function placeOfCall(): string | undefined {
  const place = new CallSite().describe()
  return place === undefined ? undefined : basename(place)
}

function badName(kind: Kind, name: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the name of a value drawn with ${kind}() is ${name === '' ? 'empty' : `a ${typeof name}, not a text`}`,
    means: 'No value was drawn.',
    remedy: `Name it with a text, ${kind}('order'), or call ${kind}() without a name.`,
  })
}

function outerDrawInside(kind: Kind, scope: ScopePath): WaymarkError {
  return new WaymarkError('conflict', {
    message: `run.${kind}() was called inside the function of ${JSON.stringify(scope)}`,
    means: 'No value was drawn: which one it would be depends on what else goes on, so a later attempt could get another.',
    remedy: `Use the function’s own context, ctx.${kind}(). For a batch, which may hold other items the next time, draw the value before the pass.`,
    details: { scope },
  })
}
