/**
 * node --conditions=waymark-source scripts/make-golden-store.ts
 *
 * Makes test/format/golden/store-<format> and store-<format>.json: a small store as this version writes it, and what is in it. Made
 * once for each version of the format, and opened by the tests for ever: one that exists is never written again. That of 1.2 was made
 * by the sources of commit cabee74 with this script and test/format/golden-store.ts, and with the digests of keys as they are since (format 1.2 was not released before).
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type Store } from 'waymark'
import { goldenCheckpoints, goldenEvents, goldenKeyed, goldenPipeline, numbers } from '../test/format/golden-store.ts'

const goldenFolder = join(import.meta.dirname, '../test/format/golden')
/** What is not the store: made anew, or of the process that made it. */
const leftOut = ['.gitignore', 'leases', 'catalog.sqlite', 'chunks.sqlite', 'events.sqlite']

/** Edited here and there, so that most of a later state is the same and some chunks are deltas. */
async function saveStates(store: Store): Promise<void> {
  const rows = numbers(2_500).map((n, id) => ({ id, name: `row ${n % 97}`, done: n % 2 === 0, score: n / 1_000 }))
  const noise = Buffer.from(Float64Array.from(numbers(8_500)).buffer)
  for (let round = 0; round < 4; round++) {
    await store.save({
      value: { round, rows, noise },
      run: 'by-hand',
      stage: 'state',
      metadata: { round },
      description: `round ${round}`,
    })
    for (let at = round; at < rows.length; at += 500) {
      const row = rows[at]
      if (row !== undefined) row.name = `edited in round ${round}`
    }
    noise.fill(round + 1, round * 10_000, round * 10_000 + 100)
  }
}

/** Compresses to next to nothing, but has so many named parts that its manifest is kept as chunks. */
async function saveWide(store: Store): Promise<void> {
  const part = (n: number): [string, string[]] => [`large-group-${1_000 + n}`, ['x'.repeat(4_200)]]
  await store.save({ value: Object.fromEntries(Array.from({ length: 510 }, (_, n) => part(n))), run: 'wide' })
}

async function saveOthers(store: Store): Promise<void> {
  await store.save({
    value: { name: 'inline', when: new Date(1_001), tags: new Set(['a', 'b']) },
    id: 'inline',
    tags: ['golden'],
  })
  await store.update('inline', { tags: ['changed'], metadata: { added: 1 }, status: 'completed', description: 'said later' })
  await store.pin('inline', { name: 'release', reason: 'golden' })
  await store.save({ value: true, id: 'deleted' })
  await store.delete('deleted')
  await store.save({ bytes: Buffer.from(Int32Array.from(numbers(8_000).map(n => n % 256)).buffer), run: 'bytes' })
  await store.save({ files: join(goldenFolder, 'store-1.0/claims'), run: 'files' })
  await store.save({ rows: numbers(60).map((n, id) => ({ id, n, half: n / 2 })), run: 'rows' })
}

/** Tables in both forms, one of them inside another value; by hand, and as a result of a fork. */
async function saveTables(store: Store): Promise<void> {
  const { table } = await import('waymark')
  const rows = numbers(300).map((n, id) => ({ id, ticker: `T${n % 7}`, price: n / 1_000, at: id % 9 === 0 ? null : new Date(n) }))
  await store.save({ value: table(rows), run: 'tables', stage: 'prices' })
  await store.save({ value: { note: 'inside', parts: [table(rows.slice(0, 5)), 'x'] }, run: 'tables', stage: 'inside' })
}

async function runKeyed(path: string, minor: number): Promise<void> {
  const store = await open(path)
  await goldenKeyed(() => {}).run({}, { store, runId: 'golden-keyed' })
  const stop = new AbortController()
  const stopped = goldenKeyed(name => name === 'ü' && stop.abort())
  await stopped.run({}, { store, runId: 'golden-stopped', stopSignal: stop.signal }).catch(() => {})
  if (minor >= 3) {
    await saveTables(store)
    await store.fork('golden-keyed', { runId: 'golden-fork', before: 'report' })
    await goldenKeyed(() => {}).run({}, { store, runId: 'golden-fork' })
  }
  if (minor >= 5) await goldenEvents.run({}, { store, runId: 'golden-events' })
  await store.close()
}

async function fill(path: string, minor: number): Promise<void> {
  const store = await open(path)
  await saveStates(store)
  await saveOthers(store)
  const failing = goldenPipeline('1.1', () => {
    // Without the places in this machine's folders.
    throw Object.assign(new Error('the first attempt ends here'), { stack: 'Error: the first attempt ends here' })
  })
  await failing.run({}, { store, runId: 'golden-run' }).catch(() => {})
  await store.close()
  const withParity = await open({ path, parity: true })
  await saveWide(withParity)
  await withParity.close()
  for (const codec of ['gzip', 'brotli', 'none'] as const) {
    const other = await open({ path, compression: { codec } })
    await other.save({ value: numbers(800).map(n => `${codec} ${n % 50}`), run: codec })
    await goldenPipeline('1.1', () => {}).run({}, { store: other, runId: 'golden-run' })
    await other.close()
  }
  await runKeyed(path, minor)
}

const folder = mkdtempSync(join(tmpdir(), 'waymark-golden-'))
try {
  const path = join(folder, 'store')
  await (await open(path)).close()
  const { format } = JSON.parse(readFileSync(join(path, 'waymark.json'), 'utf8'))
  await fill(path, format.minor)
  const target = join(goldenFolder, `store-${format.major}.${format.minor}`)
  if (existsSync(target)) throw new Error(`${target} exists: a golden store is never changed`)
  const store = await open(path)
  const checkpoints = await goldenCheckpoints(store)
  await store.close()
  cpSync(path, target, {
    recursive: true,
    filter: source => !leftOut.some(name => source.startsWith(join(path, name))),
  })
  writeFileSync(`${target}.json`, `${JSON.stringify(checkpoints, null, 1)}\n`)
  console.log(`made ${target} with ${checkpoints.length} checkpoints`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
