// What durability by name costs: node bench/durability.ts [commits, default 1,000] [rounds, default 5].
// 1. Commits per second of one stream of the log, and of eight, as `power` and as `process`, in turns with a loop of write and
//    fdatasync (blocking calls) and a loop of write alone, of the same bytes.
// 2. The share of CPU time (`process.cpuUsage`) that progress takes in a run.each of items of 1 µs and of 1 ms, with each durability:
//    against the same loop with saves only at the end.
// 3. What one save costs, by the CPU time of many in the same loop: with the at most one a second that the adaptive interval makes of such
//    saves, that is the share. Far less noise than the difference of 2.
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFiles } from '../src/files/node-files.ts'
import { open, pipeline, type SavePolicy } from '../src/index.ts'
import { FileLog } from '../src/log/file-log.ts'
import type { AppendDurability } from '../src/log/log.ts'
import { systemClock, systemRandom } from '../src/model/clock.ts'
import type { Durability } from '../src/model/durability.ts'
import { newStoreId } from '../src/model/ids.ts'

const commits = Number(process.argv[2] ?? 1_000)
const rounds = Number(process.argv[3] ?? 5)
const payload = Buffer.alloc(200, 'x')
const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-durability-'))
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

/** Commits per second. */
type Contender = (name: string) => Promise<number>

const rate = async (count: number, work: () => Promise<void>): Promise<number> => {
  const began = performance.now()
  await work()
  return (count / (performance.now() - began)) * 1000
}

const bare =
  (sync: boolean): Contender =>
  async name => {
    // A batch of one record of the log has 64 + 20 + 6 bytes around the payload.
    const bytes = Buffer.alloc(payload.length + 90, 'x')
    const fd = openSync(join(folder, name), 'wx')
    const result = await rate(commits, async () => {
      for (let i = 0; i < commits; i++) {
        writeSync(fd, bytes, 0, bytes.length, i * bytes.length)
        if (sync) fdatasyncSync(fd)
      }
    })
    closeSync(fd)
    return result
  }

const logged =
  (streams: number, durability: AppendDurability): Contender =>
  async name => {
    const root = join(folder, name)
    for (const part of ['segments', 'claims']) mkdirSync(join(root, part), { recursive: true })
    const components = { files: nodeFiles, clock: systemClock, random: systemRandom }
    const log = new FileLog({ root, storeId: newStoreId(systemRandom), ...components })
    const owners = await Promise.all(Array.from({ length: streams }, (_, i) => log.create(`run${i}xx`.slice(0, 6))))
    await log.appendFree([payload])
    const result = await rate(commits * streams, async () => {
      await Promise.all(
        owners.map(async owner => {
          for (let i = 0; i < commits; i++) await log.append(owner, [payload], durability)
        }),
      )
    })
    await log.close()
    return result
  }

const contenders: Readonly<Record<string, Contender>> = {
  'bare write + fdatasync': bare(true),
  'bare write': bare(false),
  'power, 1 stream': logged(1, 'power'),
  'power, 8 streams': logged(8, 'power'),
  'process, 1 stream': logged(1, 'process'),
  'process, 8 streams': logged(8, 'process'),
}

const rates = new Map<string, number[]>()
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of Object.entries(contenders)) {
    const measured = [...(rates.get(name) ?? []), await run(`${name.replaceAll(/\W/g, '-')}-${round}`)]
    rates.set(name, measured)
  }
}
const ratioTo = (baseline: string, measured: readonly number[]): string =>
  median(measured.map((value, round) => value / (rates.get(baseline)?.[round] ?? Number.NaN))).toFixed(2)
for (const [name, measured] of rates) {
  const toSynced = ratioTo('bare write + fdatasync', measured)
  const toBare = ratioTo('bare write', measured)
  console.log(
    `${name.padEnd(24)} ${median(measured).toFixed(0).padStart(8)} commits/s   ${toSynced}x write + fdatasync   ${toBare}x write`,
  )
}

function spin(microseconds: number): void {
  const end = performance.now() + microseconds / 1_000
  while (performance.now() < end) {}
}

/** Milliseconds of CPU of one pass, all threads, user and system. */
async function cpuOf(microseconds: number, items: number, durability: Durability, save: SavePolicy): Promise<number> {
  const store = await open({ path: join(folder, `run-${passes++}`), durability })
  let cpu = 0
  await pipeline('loop', async run => {
    const source = await run.stage('source', () => Array.from({ length: items }, (_, i) => i))
    const before = process.cpuUsage()
    await run.each('items', source, () => spin(microseconds), { key: i => i, save })
    const { user, system } = process.cpuUsage(before)
    cpu = (user + system) / 1_000
  }).run({}, { store })
  await store.close()
  return cpu
}
let passes = 0

for (const [microseconds, items] of [
  [1, commits * 500],
  [1_000, commits * 3],
] as const) {
  for (const durability of ['power', 'process', 'exit'] as const) {
    const shares: number[] = []
    for (let round = 0; round < rounds; round++) {
      const without = await cpuOf(microseconds, items, 'exit', {})
      const adaptive = await cpuOf(microseconds, items, durability, {})
      shares.push((adaptive - without) / without)
    }
    console.log(
      `${microseconds} µs an item, ${items} items, ${durability}: ${(100 * median(shares)).toFixed(2)} % of the CPU time for saves`,
    )
  }
}

const saves = 400
const savedItems = saves * 500
for (const durability of ['power', 'process'] as const) {
  const costs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const without = await cpuOf(1, savedItems, 'exit', {})
    const withSaves = await cpuOf(1, savedItems, durability, { items: savedItems / saves })
    costs.push((withSaves - without) / saves)
  }
  const costMs = median(costs)
  console.log(
    `one save, ${durability}: ${costMs.toFixed(2)} ms of CPU; one a second is ${(costMs / 10).toFixed(3)} % (goal <= 1)`,
  )
}
rmSync(folder, { recursive: true, force: true })
