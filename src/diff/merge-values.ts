import { WaymarkError } from '../model/errors.ts'
import { kindOf } from '../model/value-kind.ts'
import { pathText, type ValueStep } from '../model/value-step.ts'
import { compareValues } from './compare-values.ts'
import { absent } from './difference.ts'
import { keepTableMark } from './keep-table-mark.ts'
import { alike, type KeyedElements, keyedElements, keyNameOf, mergedOrder } from './merge-order.ts'
import { type MergeConflict, type MergeOptions, type MergeResult, MergeSides } from './merge-sides.ts'

/** Deeper ones are taken as a whole, from one side. */
const mostDepth = 1_000

/** What stands at one place of the three values; {@link absent} where there is nothing. */
interface Three {
  readonly base: unknown
  readonly a: unknown
  readonly b: unknown
}

/**
 * Brings two values together that were made from a third: what only one of them changed is taken from that one, what both changed in the same way once, and what both changed differently is a conflict, which
 * the strategy decides. Objects and Maps are merged by key, Sets by member, arrays by the key of their elements, arrays of one length by index; everything else is one piece. The three stay as they are; the
 * result shares with them what was not merged.
 *
 * @throws WaymarkError `invalid` for a path in `take` that cannot be understood, for an `arrayKey` that several elements of one array have the same
 *
 * @example
 * mergeValues({ n: 1, tag: 'x' }, { n: 2, tag: 'x' }, { n: 1, tag: 'y' }).value // { n: 2, tag: 'y' }
 */
export function mergeValues(base: unknown, a: unknown, b: unknown, options: MergeOptions = {}): MergeResult {
  return new Merge(options).whole({ base, a, b })
}

class Merge {
  readonly #options: MergeOptions
  readonly #sides: MergeSides
  readonly #conflicts: MergeConflict[] = []
  readonly #taken = { ours: 0, theirs: 0 }

  constructor(options: MergeOptions) {
    this.#options = options
    this.#sides = new MergeSides(options)
  }

  whole(three: Three): MergeResult {
    const value = this.#merge(three, [])
    return {
      value: value === absent ? undefined : value,
      conflicts: this.#conflicts,
      unresolved: this.#conflicts.filter(({ taken }) => taken === undefined).length,
      taken: this.#taken,
      ...(this.#sides.unusedTakes.length > 0 ? { unusedTakes: this.#sides.unusedTakes } : {}),
    }
  }

  #merge({ base, a, b }: Three, steps: readonly ValueStep[]): unknown {
    if (Object.is(a, b)) return a
    const merged = steps.length < mostDepth ? this.#containers({ base, a, b }, steps) : undefined
    if (merged !== undefined) return merged.value
    if (isSame(a, b)) return a
    if (isSame(base, a)) return this.#from('theirs', b)
    if (isSame(base, b)) return this.#from('ours', a)
    return this.#conflict({ base, a, b }, steps)
  }

  #from(side: 'ours' | 'theirs', value: unknown): unknown {
    this.#taken[side]++
    return value
  }

  #conflict(three: Three, steps: readonly ValueStep[]): unknown {
    const { conflict, value } = this.#sides.decide(three, steps)
    this.#conflicts.push(conflict)
    return value
  }

  /** Of containers of one kind what they hold is merged; undefined where the values are one piece. What both added is merged as if it had been empty before. */
  #containers({ base, a, b }: Three, steps: readonly ValueStep[]): { readonly value: unknown } | undefined {
    const kind = plainKind(a)
    if (kind === undefined || kind !== plainKind(b)) return undefined
    const before = kind === plainKind(base) ? base : undefined
    if (before === undefined && base !== absent) return undefined
    if (Array.isArray(a) && Array.isArray(b)) return this.#arrays(before, a, b, steps)
    if (a instanceof Map && b instanceof Map)
      return this.#maps(before instanceof Map ? before : new Map<unknown, unknown>(), a, b, steps)
    if (a instanceof Set && b instanceof Set) return setsMerged(before instanceof Set ? before : new Set<unknown>(), a, b)
    return this.#objects(entriesOf(before), entriesOf(a), entriesOf(b), Object.getPrototypeOf(a) === null, steps)
  }

  #objects(
    base: ReadonlyMap<string, unknown>,
    a: ReadonlyMap<string, unknown>,
    b: ReadonlyMap<string, unknown>,
    hasNoPrototype: boolean,
    steps: readonly ValueStep[],
  ): { readonly value: unknown } {
    const entries = this.#entries(base, a, b, key => [...steps, { kind: 'property', key }])
    const made = Object.fromEntries(entries)
    return { value: hasNoPrototype ? Object.setPrototypeOf(made, null) : made }
  }

  #maps(
    base: ReadonlyMap<unknown, unknown>,
    a: ReadonlyMap<unknown, unknown>,
    b: ReadonlyMap<unknown, unknown>,
    steps: readonly ValueStep[],
  ): { readonly value: unknown } | undefined {
    if (![base, a, b].every(hasPlainKeys)) return undefined
    return { value: new Map(this.#entries(base, a, b, key => [...steps, { kind: 'map-key', key }])) }
  }

  /** Key by key, in the order of whoever changed it. */
  #entries<Key>(
    base: ReadonlyMap<Key, unknown>,
    a: ReadonlyMap<Key, unknown>,
    b: ReadonlyMap<Key, unknown>,
    stepsTo: (key: Key) => readonly ValueStep[],
  ): (readonly [Key, unknown])[] {
    const merged: (readonly [Key, unknown])[] = []
    for (const key of mergedOrder([...base.keys()], [...a.keys()], [...b.keys()])) {
      const value = this.#merge({ base: at(base, key), a: at(a, key), b: at(b, key) }, stepsTo(key))
      if (value !== absent) merged.push([key, value])
    }
    return merged
  }

  #arrays(
    base: unknown,
    a: readonly unknown[],
    b: readonly unknown[],
    steps: readonly ValueStep[],
  ): { readonly value: unknown } | undefined {
    const before: readonly unknown[] = Array.isArray(base) ? base : []
    if (![before, a, b].every(isWhole)) return undefined
    const { arrayKey } = this.#options
    const name = keyNameOf([before, a, b], arrayKey)
    if (arrayKey !== undefined && name !== arrayKey) checkKey([before, a, b], arrayKey, steps)
    if (name !== undefined) return { value: this.#keyed(name, before, a, b, steps) }
    if (!Array.isArray(base) || before.length !== a.length || a.length !== b.length) return undefined
    return {
      value: keepTableMark(
        a,
        a.map((element, index) =>
          this.#merge({ base: before[index], a: element, b: b[index] }, [...steps, { kind: 'index', key: index }]),
        ),
      ),
    }
  }

  #keyed(
    name: string,
    base: readonly unknown[],
    a: readonly unknown[],
    b: readonly unknown[],
    steps: readonly ValueStep[],
  ): readonly unknown[] {
    const [old, ours, theirs] = [keyedElements(base, name), keyedElements(a, name), keyedElements(b, name)]
    const places: readonly KeyedElements[] = [ours, theirs, old].map(
      elements => new Map([...elements.keys()].map((key, at) => [key, at])),
    )
    const entries = this.#entries(old, ours, theirs, key => {
      const index = places.map(place => place.get(key)).find(place => typeof place === 'number')
      return [...steps, { kind: 'index', key: typeof index === 'number' ? index : 0 }]
    })
    return keepTableMark(
      a,
      entries.map(([, element]) => element),
    )
  }
}

/** @throws WaymarkError `invalid` if all elements have the key that was asked for, and several of one array the same: which belong together, nobody can know. */
function checkKey(arrays: readonly (readonly unknown[])[], name: string, steps: readonly ValueStep[]): void {
  if (!arrays.every(array => array.every(element => keyedElements([element], name).size === 1))) return
  if (arrays.every(array => keyedElements(array, name).size === array.length)) return
  const path = pathText(steps)
  throw new WaymarkError('invalid', {
    message: `${path === '' ? 'the array' : path} has several elements with the same ${name}, so they cannot be merged by it`,
    means: 'Nothing was merged.',
    remedy: 'Name a key that each element has for its own, or none: then id, key or name is used where it fits.',
    details: { path, key: name },
  })
}

/** A member that one of them removed or added is removed or added: there is nothing to disagree about. */
function setsMerged(
  base: ReadonlySet<unknown>,
  a: ReadonlySet<unknown>,
  b: ReadonlySet<unknown>,
): { readonly value: unknown } | undefined {
  if (![base, a, b].every(hasPlainKeys)) return undefined
  const order = mergedOrder([...base], [...a], [...b])
  return {
    value: new Set(order.filter(member => (base.has(member) ? a.has(member) && b.has(member) : a.has(member) || b.has(member)))),
  }
}

/** The kind of a container that is merged by what it holds: of a class of its own nobody knows what belongs together. */
function plainKind(value: unknown): string | undefined {
  const kind = kindOf(value)
  if (kind === 'array' || kind === 'map' || kind === 'set') return kind
  if (kind !== 'object') return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? kind : undefined
}

const entriesOf = (value: unknown): ReadonlyMap<string, unknown> =>
  new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])

const at = <Key>(map: ReadonlyMap<Key, unknown>, key: Key): unknown => (map.has(key) ? map.get(key) : absent)

const hasPlainKeys = (container: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>): boolean => {
  for (const key of container.keys()) if (typeof key === 'object' && key !== null) return false
  return true
}

/** Without places that hold nothing. */
const isWhole = (array: readonly unknown[]): boolean => {
  for (let index = 0; index < array.length; index++) if (!(index in array)) return false
  return true
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === absent || b === absent) return a === b
  return alike(compareValues(a, b, { limit: 0 }).counts)
}
