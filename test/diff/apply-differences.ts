import { absent, type Difference } from '../../src/diff/difference.ts'
import { errorParts, kindOf } from '../../src/model/value-kind.ts'
import type { ValueStep } from '../../src/model/value-step.ts'

/** The second value, made of the first and what was reported: nothing but the differences is known of the second. */
export function applyDifferences(a: unknown, differences: readonly Difference[]): unknown {
  return new Application(differences).value(a, [], [])
}

type Steps = readonly ValueStep[]

class Application {
  readonly #removed = new Map<string, Difference>()
  /** Changed and moved, by where they were. */
  readonly #before = new Map<string, Map<string, Difference>>()
  /** Added, by the container they are in. */
  readonly #added = new Map<string, Difference[]>()

  constructor(differences: readonly Difference[]) {
    for (const one of differences) {
      if (one.kind === 'removed') this.#removed.set(nameOf(one.steps), one)
      else if (one.kind === 'added') {
        const container = nameOf(one.steps.slice(0, -1))
        this.#added.set(container, [...(this.#added.get(container) ?? []), one])
      } else {
        const name = nameOf(one.stepsBefore)
        this.#before.set(name, (this.#before.get(name) ?? new Map()).set(one.kind, one))
      }
    }
  }

  value(a: unknown, before: Steps, after: Steps): unknown {
    const changed = this.#before.get(nameOf(before))?.get('changed')
    if (changed?.kind === 'changed') return changed.after
    if (Array.isArray(a)) return this.#array(a, before, after)
    if (a instanceof Map) return this.#map(a, before, after)
    if (a instanceof Set) return this.#set(a, before, after)
    if (typeof a !== 'object' || a === null || kindOf(a) === 'leaf') return a
    const made: Record<string, unknown> = Object.create(Object.getPrototypeOf(a))
    const parts = kindOf(a) === 'error' ? errorParts(a) : a
    for (const key of Object.keys(parts)) {
      const steps = [...before, { kind: 'property', key } as const]
      if (this.#removed.has(nameOf(steps))) continue
      define(made, key, this.value(Reflect.get(parts, key), steps, [...after, { kind: 'property', key }]))
    }
    for (const { key, value } of this.#additions(after)) define(made, String(key), value)
    return made
  }

  #array(a: readonly unknown[], before: Steps, after: Steps): unknown[] {
    const placed = new Map<number, unknown>()
    const rest: number[] = []
    for (const { key, value } of this.#additions(after)) placed.set(Number(key), value)
    for (let index = 0; index < a.length; index++) {
      const steps = [...before, { kind: 'index', key: index } as const]
      const name = nameOf(steps)
      if (this.#removed.has(name)) continue
      const moved = this.#before.get(name)?.get('moved')
      const to = moved?.steps.at(-1)?.key
      if (typeof to === 'number') placed.set(to, this.#element(a, steps, [...after, { kind: 'index', key: to }]))
      else rest.push(index)
    }
    const length = placed.size + rest.length
    const made: unknown[] = new Array(length)
    for (let index = 0; index < length; index++) {
      const old = placed.has(index) ? undefined : rest.shift()
      const value =
        old === undefined
          ? placed.get(index)
          : this.#element(a, [...before, { kind: 'index', key: old }], [...after, { kind: 'index', key: index }])
      if (value !== absent) made[index] = value
    }
    return made
  }

  #element(a: readonly unknown[], before: Steps, after: Steps): unknown {
    const index = Number(before.at(-1)?.key)
    return this.value(index in a ? a[index] : absent, before, after)
  }

  #map(a: ReadonlyMap<unknown, unknown>, before: Steps, after: Steps): Map<unknown, unknown> {
    const made = new Map<unknown, unknown>()
    for (const [key, value] of a) {
      const steps = [...before, { kind: 'map-key', key } as const]
      if (!this.#removed.has(nameOf(steps))) made.set(key, this.value(value, steps, [...after, { kind: 'map-key', key }]))
    }
    for (const { key, value } of this.#additions(after)) made.set(key, value)
    return made
  }

  #set(a: ReadonlySet<unknown>, before: Steps, after: Steps): Set<unknown> {
    const kept = [...a].filter(key => !this.#removed.has(nameOf([...before, { kind: 'member', key }])))
    return new Set([...kept, ...this.#additions(after).map(({ key }) => key)])
  }

  #additions(container: Steps): { readonly key: unknown; readonly value: unknown }[] {
    return (this.#added.get(nameOf(container)) ?? []).flatMap(one =>
      one.kind === 'added' ? [{ key: one.steps.at(-1)?.key, value: one.after }] : [],
    )
  }
}

/** The same for steps that lead to the same place. Keys that are objects are those of the values, so they are told apart by identity. */
function nameOf(steps: Steps): string {
  return steps
    .map(({ kind, key }) => `${kind}:${typeof key}:${typeof key === 'object' && key !== null ? numberOf(key) : String(key)}`)
    .join('\u0000')
}

const numbers = new WeakMap<object, number>()
let last = 0

function numberOf(key: object): number {
  const known = numbers.get(key) ?? ++last
  numbers.set(key, known)
  return known
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}
