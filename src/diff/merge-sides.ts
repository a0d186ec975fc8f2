import { PathPatterns } from '../model/path-pattern.ts'
import { pathText, type ValueStep } from '../model/value-step.ts'
import { compareValues } from './compare-values.ts'
import { ContentIndex } from './content-index.ts'
import { absent } from './difference.ts'
import { keepTableMark } from './keep-table-mark.ts'
import { alike } from './merge-order.ts'

/**
 * What is taken where both changed the same thing differently: what the first says (`ours`), what the second says (`theirs`), neither (`fail`), or what both have (`union`: elements of two lists, and what only
 * one of them removed; of anything else neither).
 */
export type MergeStrategy = 'ours' | 'theirs' | 'fail' | 'union'

export interface MergeOptions {
  /** Default `fail`. */
  readonly strategy?: MergeStrategy
  /** Another strategy at these places and inside them: paths as conflicts name them, with `*` and `**`. The first that fits counts. */
  readonly take?: Readonly<Record<string, MergeStrategy>>
  /** The key by which elements of arrays are known; one that several elements of an array have the same is refused. Default: `id`, `key` or `name`, whichever all have, each its own. */
  readonly arrayKey?: string
}

/** A place that both changed, each in its own way. What is not there has no member of that name. */
export interface MergeConflict {
  /** `orders[3].total`; of an array's element the index in ours, where that has it. */
  readonly path: string
  readonly base?: unknown
  readonly ours?: unknown
  readonly theirs?: unknown
  /** By which strategy it was decided; absent: it was not. */
  readonly taken?: Exclude<MergeStrategy, 'fail'>
}

export interface MergeResult {
  /** Where conflicts were not decided, with what was there before. */
  readonly value: unknown
  readonly conflicts: readonly MergeConflict[]
  /** Conflicts that no strategy decided. */
  readonly unresolved: number
  /** Paths of `take` that fit no conflict. Absent: each fits one. */
  readonly unusedTakes?: readonly string[]
  /** Places that only one of them changed. */
  readonly taken: { readonly ours: number; readonly theirs: number }
}

interface Sides {
  readonly base: unknown
  readonly a: unknown
  readonly b: unknown
}

/** Decides conflicts as the strategies say. */
export class MergeSides {
  readonly #strategy: MergeStrategy
  readonly #takes: readonly { readonly path: string; readonly patterns: PathPatterns; readonly side: MergeStrategy }[]
  readonly #unused: Set<string>

  constructor({ strategy = 'fail', take = {} }: MergeOptions) {
    this.#strategy = strategy
    this.#takes = Object.entries(take).map(([path, side]) => ({ path, patterns: new PathPatterns([path]), side }))
    this.#unused = new Set(Object.keys(take))
  }

  /** Paths of `take` that have fit nothing that was to be decided so far. */
  get unusedTakes(): readonly string[] {
    return [...this.#unused]
  }

  decide(sides: Sides, steps: readonly ValueStep[]): { readonly conflict: MergeConflict; readonly value: unknown } {
    const { base, a, b } = sides
    const fitting = this.#takes.filter(({ patterns }) => patterns.fitsPath(steps))
    for (const { path } of fitting) this.#unused.delete(path)
    const strategy = fitting[0]?.side ?? this.#strategy
    const found = {
      path: pathText(steps),
      ...(base === absent ? {} : { base }),
      ...(a === absent ? {} : { ours: a }),
      ...(b === absent ? {} : { theirs: b }),
    }
    if (strategy === 'fail') return { conflict: found, value: base }
    const value = strategy === 'union' ? unionOf(sides) : { value: strategy === 'ours' ? a : b }
    return value === undefined
      ? { conflict: found, value: base }
      : { conflict: { ...found, taken: strategy }, value: value.value }
  }
}

/** What both have; undefined where that says nothing. */
function unionOf({ a, b }: Sides): { readonly value: unknown } | undefined {
  if (a === absent) return { value: b }
  if (b === absent) return { value: a }
  if (!Array.isArray(a) || !Array.isArray(b)) return undefined
  const ours: readonly unknown[] = a
  const theirs: readonly unknown[] = b
  const plain = new Set(ours)
  const objects = new ContentIndex(ours.filter(isObject), (one, other) => alike(compareValues(one, other, { limit: 0 }).counts))
  const isIn = (one: unknown): boolean => plain.has(one) || (isObject(one) && objects.has(one))
  return { value: keepTableMark(a, [...ours, ...theirs.filter(one => !isIn(one))]) }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
