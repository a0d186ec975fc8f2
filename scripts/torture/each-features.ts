import { seededRandom } from '../../src/testing/seeded-random.ts'

/** What a tortured pass over items is like. Drawn from a seed, so that the process that is killed and the one that checks it agree. */
export interface Features {
  readonly name: string
  readonly items: number
  readonly input: 'jsonl' | 'stage' | 'array'
  readonly output: (typeof outputs)[number]
  readonly concurrency: number
  readonly batch: number | undefined
  /** Every so many items one fails whatever is done; 0: none. */
  readonly poison: number
  readonly flaky: boolean
  readonly nested: boolean
  /** The pass is inside a stage. */
  readonly inside: boolean
  readonly save: { readonly items?: number; readonly ms?: number }
  readonly durability: 'power' | 'process'
  readonly slowness: number
}

const outputs = ['none', 'jsonl', 'csv', 'parquet', 'folder', 'sqlite', 'callback'] as const

export function featuresOf(seed: number, run: number): Features {
  const random = seededRandom(seed * 64 + run)
  const batch = random.pick([undefined, undefined, undefined, 3, 10])
  return {
    name: `tortured-${run}`,
    items: 60 + random.integer(300),
    input: random.pick(['jsonl', 'stage', 'array']),
    output: outputs[(seed + run) % outputs.length] ?? 'none',
    concurrency: random.pick([1, 2, 4, 8, 16, 32, 64]),
    batch,
    poison: random.pick([0, 7, 23]),
    flaky: random.bool(0.4),
    nested: batch === undefined && random.bool(0.4),
    inside: random.bool(0.25),
    save: random.pick([{}, { items: 1 }, { items: 7 }, { ms: 5 }, { ms: 40 }]),
    durability: random.pick(['power', 'power', 'process']),
    slowness: random.pick([0, 2, 5, 9]),
  }
}

export const isPoison = ({ poison }: Features, n: number): boolean => poison > 0 && n % poison === poison - 1
export const isFlaky = ({ flaky }: Features, n: number): boolean => flaky && n % 11 === 3
/** Path of the pass. */
export const passOf = ({ inside }: Features): string => (inside ? 'outer/work' : 'work')
