import { WaymarkError } from '../model/errors.ts'
import { PathPatterns, type PatternProgress } from '../model/path-pattern.ts'
import { errorParts, isSameLeaf, kindOf } from '../model/value-kind.ts'
import { pathText, type ValueStep } from '../model/value-step.ts'
import { alignArrays } from './align-arrays.ts'
import type { DiffOptions } from './diff-options.ts'
import { absent, type Difference } from './difference.ts'
import { type DifferenceCounts, FoundDifferences, mostParts, type SizeDifference, total } from './found-differences.ts'
import { matchKeys } from './match-keys.ts'
import { isWithinItself, type Place, stepsTo } from './place.ts'
import { QuickEquality } from './quick-equality.ts'

/** In what two values differ, and how much of them is equal. */
export interface ValueComparison {
  readonly differences: Difference[]
  /** All that were found, also those beyond the limit of the list. */
  readonly counts: DifferenceCounts
  /** Values that are no containers, and are the same in both. */
  readonly equal: number
  /** Of these, how many are under each key of the values themselves that has no difference, in order; the first 1,000 keys. */
  readonly equalIn: readonly EqualPart[]
  /** Arrays, Maps and Sets that have another size, the first 1,000. */
  readonly sizes: readonly SizeDifference[]
  /** Places left out as `ignore` says. */
  readonly ignored: number
  /** Arrays whose elements all have the key that was asked for (`arrayKey`), but several have the same: it was not used there. The first 1,000; absent: none. */
  readonly keyUnusedAt?: readonly string[]
}

/** A part of two values that is the same. */
export interface EqualPart {
  readonly path: string
  /** Values in it that are no containers. */
  readonly equal: number
}

/** So many containers inside one another are compared by calls within calls; what is deeper waits for its turn. */
const mostNested = 200
const mostDepth = 10_000
/** A pair that led to so many others is remembered when it was equal: shared objects are then compared once. */
const rememberedFrom = 64

/** Compares two values; see {@link diffValues}. */
export function compareValues(a: unknown, b: unknown, options: DiffOptions = {}): ValueComparison {
  return new Comparison(options).whole(a, b)
}

class Comparison {
  readonly #options: DiffOptions
  readonly #patterns: PathPatterns
  readonly #found: FoundDifferences
  readonly #equalIn: EqualPart[] = []
  readonly #keyUnusedAt: string[] = []
  #equal = 0
  #ignored = 0
  #visited = 0
  #nested = 0
  readonly #quick = new QuickEquality()
  readonly #deferred: Place[] = []
  /** Pairs that were equal. */
  readonly #same = new WeakMap<object, WeakSet<object>>()

  constructor(options: DiffOptions) {
    this.#options = options
    this.#found = new FoundDifferences(options.limit)
    this.#patterns = new PathPatterns(options.ignore ?? [])
  }

  whole(a: unknown, b: unknown): ValueComparison {
    const patterns = this.#patterns.isEmpty ? undefined : this.#patterns.start()
    if (patterns !== undefined && this.#patterns.fits(patterns)) this.#ignored++
    else this.#pair(undefined, undefined, undefined, a, b, patterns)
    for (let place = this.#deferred.pop(); place !== undefined; place = this.#deferred.pop()) this.#inside(place)
    return {
      differences: this.#found.list,
      counts: this.#found.counts,
      equal: this.#equal,
      equalIn: this.#equalIn,
      sizes: this.#found.sizes,
      ignored: this.#ignored,
      ...(this.#keyUnusedAt.length === 0 ? {} : { keyUnusedAt: this.#keyUnusedAt }),
    }
  }

  /** Compares what is under a key in both. */
  #entry(place: Place, step: ValueStep, stepBefore: ValueStep, a: unknown, b: unknown): void {
    const patterns = place.patterns === undefined ? undefined : this.#patterns.enter(place.patterns, step)
    if (patterns !== undefined && this.#patterns.fits(patterns)) {
      this.#ignored++
      return
    }
    const [found, equal] = [this.#found.count, this.#equal]
    this.#pair(place, step, stepBefore, a, b, patterns)
    const isEqualPart = place.parent === undefined && step.kind !== 'index' && this.#found.count === found
    if (isEqualPart && this.#equalIn.length < mostParts) {
      this.#equalIn.push({ path: pathText([step]), equal: this.#equal - equal })
    }
  }

  #pair(
    parent: Place | undefined,
    step: ValueStep | undefined,
    stepBefore: ValueStep | undefined,
    a: unknown,
    b: unknown,
    patterns: PatternProgress | undefined,
  ): void {
    if (Object.is(a, b)) {
      this.#equal++
      return
    }
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
      this.#found.changed(parent, step, stepBefore, a, b)
      return
    }
    if (patterns === undefined && this.#quick.isSame(a, b)) {
      this.#equal += this.#quick.leaves
      return
    }
    const kind = kindOf(a)
    if (kind === 'leaf' || kind !== kindOf(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) {
      if (isSameLeaf(a, b)) this.#equal++
      else this.#found.changed(parent, step, stepBefore, a, b)
      return
    }
    const depth = (parent?.depth ?? 0) + 1
    if (depth > mostDepth) throw tooDeep()
    if (isWithinItself(parent, a, b) || this.#same.get(a)?.has(b) === true) return
    const place = { parent, step, stepBefore, a, b, depth, patterns }
    if (this.#nested >= mostNested) this.#deferred.push(place)
    else this.#inside(place)
  }

  #inside(place: Place): void {
    const { a, b } = place
    const [found, visited, deferred] = [this.#found.count, this.#visited++, this.#deferred.length]
    this.#nested++
    this.#container(place, a, b)
    this.#nested--
    // What is left out elsewhere must not be taken for equal here, so nothing is remembered with patterns.
    const isSame = this.#found.count === found && this.#deferred.length === deferred && place.patterns === undefined
    if (!isSame || this.#visited - visited < rememberedFrom) return
    const known = this.#same.get(a)
    if (known === undefined) this.#same.set(a, new WeakSet([b]))
    else known.add(b)
  }

  #container(place: Place, a: object, b: object): void {
    if (Array.isArray(a) && Array.isArray(b)) return this.#arrays(place, a, b)
    if (a instanceof Map && b instanceof Map) return this.#maps(place, a, b)
    if (a instanceof Set && b instanceof Set) return this.#sets(place, a, b)
    if (kindOf(a) === 'error') return this.#objects(place, errorParts(a), errorParts(b))
    const [left, right] = [this.#options.contentOf?.(a), this.#options.contentOf?.(b)]
    if (left === undefined || right === undefined) return this.#objects(place, a, b)
    if (this.#isSame(left.content, right.content)) this.#equal++
    else this.#found.changed(place.parent, place.step, place.stepBefore, a, b)
  }

  #objects(place: Place, a: object, b: object): void {
    // Any object can be read by any key; TypeScript has no other way to say so.
    const before = a as Readonly<Record<string, unknown>>
    const after = b as Readonly<Record<string, unknown>>
    let shared = 0
    for (const key of Object.keys(after)) {
      const step = { kind: 'property', key } as const
      if (!Object.hasOwn(before, key)) {
        this.#added(place, step, after[key])
        continue
      }
      shared++
      this.#entry(place, step, step, before[key], after[key])
    }
    const keys = Object.keys(before)
    if (shared === keys.length) return
    for (const key of keys) if (!Object.hasOwn(after, key)) this.#removed(place, { kind: 'property', key }, before[key])
  }

  #arrays(place: Place, a: readonly unknown[], b: readonly unknown[]): void {
    this.#found.size(place, a.length, b.length)
    const {
      indexBefore,
      moved,
      same,
      sameLeaves = 0,
      isKeyUnused = false,
    } = alignArrays(a, b, this.#options.arrayKey, this.#quick)
    if (isKeyUnused && this.#keyUnusedAt.length < mostParts) this.#keyUnusedAt.push(pathText(stepsTo(place.parent, place.step)))
    if (place.patterns === undefined) this.#equal += sameLeaves
    const kept = new Uint8Array(a.length)
    for (let index = 0; index < b.length; index++) {
      const old = indexBefore[index] ?? -1
      if (old >= 0) kept[old] = 1
    }
    let next = 0
    const removeUpTo = (end: number): void => {
      for (; next < end; next++) if (kept[next] === 0) this.#removed(place, indexStep(next), elementOf(a, next))
    }
    for (let index = 0; index < b.length; index++) {
      const old = indexBefore[index] ?? -1
      if (old >= 0 && !moved.has(index)) removeUpTo(old)
      if (place.patterns === undefined && !moved.has(index)) {
        if (same?.[index] === 1) continue
        // Most elements are the same: told so before a step is made for each.
        if (same === undefined && old >= 0 && index in b && old in a && this.#quick.isSame(a[old], b[index])) {
          this.#equal += this.#quick.leaves
          continue
        }
      }
      const step = indexStep(index)
      if (old < 0) this.#added(place, step, elementOf(b, index))
      else {
        if (moved.has(index) && !this.#isIgnored(place, step)) this.#found.moved(place, step, indexStep(old), b[index])
        this.#entry(place, step, old === index ? step : indexStep(old), elementOf(a, old), elementOf(b, index))
      }
    }
    removeUpTo(a.length)
  }

  #maps(place: Place, a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): void {
    this.#found.size(place, a.size, b.size)
    const keys = matchKeys(a.keys(), b.keys(), this.#isSame)
    for (const { key, place: position, before } of keys.after) {
      const step = keyStep('map-key', key, position)
      if (before === undefined) this.#added(place, step, b.get(key))
      else this.#entry(place, step, keyStep('map-key', before.key, before.place), a.get(before.key), b.get(key))
    }
    for (const { key, place: position } of keys.removed) this.#removed(place, keyStep('map-key', key, position), a.get(key))
  }

  #sets(place: Place, a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): void {
    this.#found.size(place, a.size, b.size)
    const keys = matchKeys(a.keys(), b.keys(), this.#isSame)
    for (const { key, place: position, before } of keys.after) {
      if (before === undefined) this.#added(place, keyStep('member', key, position), key)
      else this.#equal++
    }
    for (const { key, place: position } of keys.removed) this.#removed(place, keyStep('member', key, position), key)
  }

  #added(place: Place, step: ValueStep, after: unknown): void {
    if (!this.#isIgnored(place, step)) this.#found.added(place, step, after)
  }

  #removed(place: Place, step: ValueStep, before: unknown): void {
    if (!this.#isIgnored(place, step)) this.#found.removed(place, step, before)
  }

  readonly #isSame = (a: unknown, b: unknown): boolean => {
    const { contentOf } = this.#options
    return total(compareValues(a, b, { limit: 0, ...(contentOf === undefined ? {} : { contentOf }) }).counts) === 0
  }

  #isIgnored(place: Place, step: ValueStep): boolean {
    if (place.patterns === undefined || !this.#patterns.fits(this.#patterns.enter(place.patterns, step))) return false
    this.#ignored++
    return true
  }
}

const indexStep = (key: number): ValueStep => ({ kind: 'index', key })

const elementOf = (elements: readonly unknown[], index: number): unknown => (index in elements ? elements[index] : absent)

const keyStep = (kind: 'map-key' | 'member', key: unknown, place: number): ValueStep =>
  typeof key === 'object' && key !== null ? { kind, key, place } : { kind, key }

const tooDeep = (): WaymarkError =>
  new WaymarkError('limit', {
    message: `the values are nested more than ${mostDepth.toLocaleString('en')} levels deep`,
    means: 'They were not compared to the end; nothing was changed.',
    remedy: 'Compare parts of them.',
  })
