import { join } from 'node:path'
import { jsonl, pipeline } from 'waymark'

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** Three stages and a pass between them, whose calls are noted; item 12 of 20 fails while `failing` says so. */
export function fourStages(folder: string) {
  const calls: string[] = []
  const state = { failing: true, extract: 1 }
  const call = <T>(name: string, value: T): T => {
    calls.push(name)
    return value
  }
  const work = pipeline(
    'four',
    async run => {
      const rows = run.stage('extract', () =>
        call(
          'extract',
          range(20).map(n => n * state.extract),
        ),
      )
      const done = await run.each(
        'enrich',
        rows,
        n => {
          if (state.failing && n === 12) throw new Error('bad item')
          return call(`enrich ${n}`, n)
        },
        { output: jsonl(join(folder, 'out.jsonl')) },
      )
      await run.stage('load', () => call('load', done.done))
      return run.stage('report', () => call('report', done.done))
    },
    { stages: ['extract', 'enrich', 'load', 'report'] },
  )
  return { work, state, take: () => calls.splice(0) }
}
