import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type EventQuery, open, pipeline, type Run, type Store } from 'waymark'

/*
 * What events cost: node --conditions=waymark-source bench/events.ts [events in the store, default 1,000,000]
 *
 * - Recording: durable events, so many a tick, against pino writing the same lines to a file on the same disk (which it does not sync), and against one write and fdatasync of the same lines a tick. In turns; ratios of
 *   the medians.
 * - Asking: a page of 50, from a store of so many events in ten runs; best and median of many, the index open.
 * - Searching for a text that is nowhere: megabytes of the log a second.
 */
const total = Number(process.argv[2] ?? 1_000_000)
const rounds = 7
const perRound = 100_000
const perTick = 1_000
const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'waymark-bench-events-'))

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const metadataOf = (n: number) => ({ rows: n, batch: `batch-${n % 977}`, ms: (n * 37) % 1_009 })

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1_000
}

/** Runs `use` inside a run of its own. */
const inRun = (store: Store, runId: string, use: (run: Run) => Promise<void>): Promise<unknown> =>
  pipeline('bench', run => use(run)).run({}, { store, runId })

async function recorded(run: Run, count: number, tick: number): Promise<void> {
  for (let n = 0; n < count; n += tick) {
    const events: Promise<void>[] = []
    for (let at = n; at < Math.min(count, n + tick); at++) events.push(run.event('rows_loaded', metadataOf(at)))
    await Promise.all(events)
  }
}

async function withPino(name: string): Promise<number> {
  const destination = pino.destination({ dest: join(folder, name), sync: false, minLength: 4_096 })
  const logger = pino({ base: { run: 'bench', stage: 'load' } }, destination)
  const seconds = await secondsOf(async () => {
    for (let n = 0; n < perRound; n += perTick) {
      for (let at = n; at < n + perTick; at++) logger.info(metadataOf(at), 'rows_loaded')
      await new Promise<void>((resolve, reject) =>
        destination.flush(error => (error === undefined || error === null ? resolve() : reject(error))),
      )
    }
  })
  destination.end()
  return seconds
}

async function withAppend(name: string): Promise<number> {
  const fd = openSync(join(folder, name), 'wx')
  const seconds = await secondsOf(async () => {
    for (let n = 0; n < perRound; n += perTick) {
      let lines = ''
      for (let at = n; at < n + perTick; at++)
        lines += `${JSON.stringify({ time: Date.now(), run: 'bench', stage: 'load', type: 'rows_loaded', ...metadataOf(at) })}\n`
      writeSync(fd, lines)
      fdatasyncSync(fd)
    }
  })
  closeSync(fd)
  return seconds
}

async function benchRecording(store: Store): Promise<void> {
  const [own, pinos, appends]: number[][] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    await inRun(store, `round-${round}`, async run => void own?.push(await secondsOf(() => recorded(run, perRound, perTick))))
    pinos?.push(await withPino(`pino-${round}.log`))
    appends?.push(await withAppend(`append-${round}.log`))
  }
  const rate = (seconds: readonly number[] = []): number => perRound / median(seconds)
  console.log(`recording ${perTick} a tick, events a second (median of ${rounds}):`)
  console.log(`  durable events       ${Math.round(rate(own))}`)
  console.log(`  pino, not synced     ${Math.round(rate(pinos))}   ${(rate(own) / rate(pinos)).toFixed(2)} x`)
  console.log(`  append and fdatasync ${Math.round(rate(appends))}   ${(rate(own) / rate(appends)).toFixed(2)} x`)
}

async function benchQueries(store: Store): Promise<void> {
  for (let run = 0; run < 10; run++)
    await inRun(store, `filled-${run}`, async own => {
      const each = Math.ceil(total / 10)
      for (let n = 0; n < each; n += 100) {
        // Ten records of ten to a hundred events at a time, as many small commits leave them.
        const events: Promise<void>[] = []
        for (let at = n; at < n + 100; at++) {
          const isRare = at % 50_000 === 0
          events.push(
            own.event(isRare ? 'rare' : `type-${at % 7}`, metadataOf(at), { status: at % 1_000 === 0 ? 'warning' : 'info' }),
          )
        }
        await Promise.all(events)
      }
    })
  const built = await secondsOf(async () => void (await store.events({ limit: 1 })))
  console.log(`index of ${total} more events: ${built.toFixed(1)} s once`)
  const queries: Readonly<Record<string, EventQuery>> = {
    'newest 50': { newestFirst: true },
    'newest 50 of a type': { type: 'type-3', newestFirst: true },
    'newest 50 of a run': { run: 'filled-4', newestFirst: true },
    'newest 50 warnings': { status: 'warning', newestFirst: true },
    '50 of a run and a rare type': { run: 'filled-4', type: 'rare' },
    '50 warnings of a run from its middle': { run: 'filled-4', status: 'warning' },
  }
  for (const [what, query] of Object.entries(queries)) {
    const times: number[] = []
    for (let n = 0; n < 40; n++) times.push(1_000 * (await secondsOf(async () => void (await store.events(query)))))
    const before = process.cpuUsage()
    for (let n = 0; n < 40; n++) await store.events(query)
    const { user, system } = process.cpuUsage(before)
    const cpu = (user + system) / 40_000
    console.log(
      `  ${what.padEnd(38)} ${median(times).toFixed(2)} ms (best ${Math.min(...times).toFixed(2)}), ${cpu.toFixed(2)} ms of CPU`,
    )
  }
}

async function benchGrep(store: Store, path: string): Promise<void> {
  const { readdirSync } = await import('node:fs')
  const segments = join(path, 'segments')
  const bytes = readdirSync(segments).reduce((sum, name) => sum + statSync(join(segments, name)).size, 0)
  const seconds: number[] = []
  const cpu: number[] = []
  for (let n = 0; n < 5; n++) {
    const before = process.cpuUsage()
    seconds.push(await secondsOf(async () => void (await store.events({ text: 'batch-nowhere' }))))
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1e6)
  }
  const rate = (took: readonly number[]): number => Math.round(bytes / 1e6 / median(took))
  console.log(
    `searching ${Math.round(bytes / 1e6)} MB for a text that is nowhere: ${rate(seconds)} MB/s, ${rate(cpu)} MB a second of CPU`,
  )
}

try {
  const path = join(folder, 'store')
  const store = await open(path)
  await benchRecording(store)
  await benchQueries(store)
  await benchGrep(store, path)
  await store.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
