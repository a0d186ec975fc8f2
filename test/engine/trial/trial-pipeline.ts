import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { jsonl, type Pipeline, pipeline, type RawParams } from 'waymark'

/** What the pipeline of a trial is like. */
export interface Workload {
  /** Items at a time. */
  readonly concurrency: number
  /** Turns of the event loop that a sync takes: time for other records to queue up behind it. */
  readonly syncTurns: number
  /** Length of each result kept in the store: large ones go to a pack. */
  readonly resultLength: number
  /** The caller's own id for the run. */
  readonly runId?: string
}

export const outputPath = '/disk/out/items.jsonl'
export const itemCount = 24
export const everyItem: readonly number[] = Array.from({ length: itemCount }, (_, i) => i)
const sumOfItems = sum(everyItem)

/**
 * Stages at once and one inside another, items with an output, with keys, from a file, and with results in the store.
 *
 * @param called Takes the path of every stage and item that is called.
 */
export function trialPipeline({ concurrency, resultLength }: Workload, called: string[]): Pipeline<RawParams, unknown> {
  return pipeline('trial', async run => {
    const drawn = run.uuid()
    const stage = <T>(name: string, make: () => T, turns: number) =>
      run.stage(name, async () => {
        called.push(name)
        for (let i = 0; i < turns; i++) await turn()
        return make()
      })
    // They begin together and end one after another, each while the sync for the one before is under way.
    const stamp = stage('stamp', () => drawn, 0)
    const numbers = stage('numbers', () => everyItem, 1)
    const large = stage('large', () => 'x'.repeat(70_000), 2)
    const nested = run.stage('nested', async ctx => {
      called.push('nested')
      const inner = await ctx.stage('inner', () => {
        called.push('nested/inner')
        return 1
      })
      return inner + 1
    })
    await Promise.all([stamp, numbers, large, nested])
    const written = await run.each(
      'written',
      numbers,
      async (n, ctx) => {
        called.push(ctx.path)
        if (n % 10 === 0) {
          await ctx.stage('inner', inner => {
            called.push(inner.path)
            return n
          })
        }
        return n
      },
      { concurrency, output: jsonl(outputPath), save: { items: 5 } },
    )
    const [stored, read] = await Promise.all([
      run.each(
        'stored',
        await numbers,
        (n, ctx) => {
          called.push(ctx.path)
          return { n, text: 'x'.repeat(resultLength) }
        },
        { key: n => n, concurrency, save: { items: 7 } },
      ),
      run.each(
        'read',
        jsonl<number>(outputPath),
        async (n, ctx) => {
          called.push(ctx.path)
          return n
        },
        { concurrency, save: { items: 10 } },
      ),
    ])
    const results = await stored.results().toArray()
    return {
      drawn,
      stamp: await stamp,
      large: (await large).length,
      nested: await nested,
      written: written.done,
      stored: { count: stored.done, sum: sum(results.map(({ n }) => n)), bytes: sum(results.map(({ text }) => text.length)) },
      read: sum(await read.results().toArray()),
    }
  })
}

/** The result of the run is what it is without any fault. */
export function checkResult(result: unknown, { resultLength }: Workload): void {
  assert.ok(typeof result === 'object' && result !== null && 'drawn' in result && 'stamp' in result)
  const { drawn, stamp, ...rest } = result
  assert.equal(stamp, drawn, 'a value drawn before a recorded stage is another one now')
  const stored = { count: itemCount, sum: sumOfItems, bytes: itemCount * resultLength }
  assert.deepEqual(rest, { large: 70_000, nested: 2, written: itemCount, stored, read: sumOfItems })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
