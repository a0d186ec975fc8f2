// A process that does one thing with a store, told by its arguments, and says how it ended.
import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isWaymarkError, jsonl, open, pipeline } from 'waymark'

const [, , folder = '', what = '', run = '', other = ''] = process.argv

/** Each call is noted, with the run it belongs to; the items go into a file of the run's own. */
export const numbers = pipeline('numbers', async run => {
  const rows = run.stage('extract', () => {
    appendFileSync(join(folder, 'called'), `${run.id} extract\n`)
    return Array.from({ length: 200 }, (_, n) => ({ n, text: `${n}`.repeat(40) }))
  })
  const done = await run.each(
    'enrich',
    rows,
    async ({ n }) => {
      appendFileSync(join(folder, 'called'), `${run.id} ${n}\n`)
      // A test can hold it in the middle, however slow the machine is.
      while (n >= 120 && existsSync(join(folder, 'hold'))) await pause(5)
      return { n }
    },
    { concurrency: 4, save: { items: 5 }, output: jsonl(join(folder, `${run.id}.jsonl`)) },
  )
  return done.done
})

async function work(): Promise<string> {
  await using store = await open(join(folder, '.waymark'))
  switch (what) {
    case 'run':
      return String((await numbers.run({}, { store, runId: run })).value)
    case 'fork':
      return (await store.fork(`${run}/extract`, { runId: other })).run
    case 'delete': {
      const [checkpoint] = await store.list({ run, stage: 'extract' })
      await store.delete(checkpoint?.id ?? '')
      return 'deleted'
    }
    default:
      throw new Error(`no ${what}`)
  }
}

// Both begin at once: when their standard input ends.
process.stdout.write('ready\n')
for await (const _ of process.stdin);
try {
  process.stdout.write(`${await work()}\n`)
} catch (error) {
  process.stdout.write(`${isWaymarkError(error) ? error.code : String(error)}\n`)
}
