import { appendFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { jsonl, pipeline } from 'waymark'
import { z } from 'zod'

/**
 * The work that is killed: a stage, a pass with an output and keys finished out of order, a pass by index whose results live in the store, a stage inside each of some items, and a sum over it all.
 * Every call of a user's function is noted in a file first, so that afterwards one can tell who was called again.
 */
export default pipeline(
  'torture',
  async (run, { items, calls }) => {
    const note = (what: string) => appendFileSync(calls, `${run.attempt} ${what}\n`)
    const numbers = run.stage('numbers', async () => {
      note('numbers')
      await setTimeout(5)
      return Array.from({ length: items }, (_, i) => i)
    })
    const written = await run.each(
      'written',
      await numbers,
      async (n, ctx) => {
        note(`written ${n}`)
        if (n % 50 === 0) {
          await ctx.stage('inner', () => {
            note(`inner ${n}`)
            return n
          })
        }
        // Later items often finish first.
        await setTimeout((n * 7) % 4)
        return { n, square: n * n, text: 'x'.repeat(n % 90) }
      },
      { key: n => n, concurrency: 8, output: jsonl('out/written.jsonl'), save: { ms: 15 } },
    )
    const stored = await run.each(
      'stored',
      numbers,
      async n => {
        note(`stored ${n}`)
        if (n % 9 === 0) await setTimeout(1)
        return n * 2
      },
      { concurrency: 4, save: { items: 40 } },
    )
    return run.stage('sum', async () => {
      note('sum')
      let sum = 0
      for await (const value of stored.results()) sum += value
      return { sum, written: written.done, stored: stored.done }
    })
  },
  { params: z.object({ items: z.number(), calls: z.string() }) },
)
