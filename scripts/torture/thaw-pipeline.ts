import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Durability, folder, jsonl, parquet, pipeline, sqliteTable } from 'waymark'

/** What one schedule of a stalled owner works on. Sent to the worker as a line of JSON. */
export interface Stalled {
  readonly folder: string
  readonly items: number
  readonly steps: number
  readonly concurrency: number
  readonly saveItems: number
  readonly pauseMs: number
  readonly durability: Durability
  readonly output: 'jsonl' | 'folder' | 'parquet'
}

export interface Owned {
  readonly n: number
  readonly owner: string
}

function outputOf({ folder: place, output }: Stalled) {
  switch (output) {
    case 'jsonl':
      return jsonl<Owned>(join(place, 'out.jsonl'))
    case 'folder':
      return folder<Owned>(join(place, 'out'), { name: ({ n }) => `${n}.json` })
    case 'parquet':
      return parquet<Owned>(join(place, 'out'), { rowsPerPart: 7 })
  }
}

/** Called where a function of the pipeline begins, with the stage and the index. */
export type Began = (stage: string, n: number) => unknown

/**
 * Stages in a loop, and three passes over items (results in the store, lines of a file or files, rows of a table), all at once. Every result says
 * whose it is.
 *
 * @param acknowledged Called where the result of a stage came back.
 */
export const stalledPipeline = (plan: Stalled, owner: string, began: Began, acknowledged: (n: number) => void = () => {}) =>
  pipeline('stalled', async run => {
    const { concurrency, durability, items, pauseMs, steps } = plan
    const numbers = Array.from({ length: items }, (_, n) => n)
    const pass = async (name: string, n: number): Promise<Owned> => {
      began(name, n)
      await pause(pauseMs)
      return { n, owner }
    }
    const options = { concurrency, durability, save: { items: plan.saveItems }, key: (n: number) => n }
    const inStages = async (): Promise<Owned[]> => {
      const done: Owned[] = []
      for (let n = 0; n < steps; n++) {
        done.push(await run.stage('step', () => pass('step', n), { key: n }))
        acknowledged(n)
      }
      return done
    }
    const [stepped, kept] = await Promise.all([
      inStages(),
      run.each('kept', numbers, n => pass('kept', n), options),
      run.each('written', numbers, n => pass('written', n), { ...options, output: outputOf(plan) }),
      run.each('loaded', numbers, n => pass('loaded', n), {
        ...options,
        output: sqliteTable<Owned>(join(plan.folder, 'out.db'), { table: 'rows', create: true, busyTimeoutMs: 2_000 }),
      }),
    ])
    return { step: stepped, kept: await kept.results().toArray() }
  })
