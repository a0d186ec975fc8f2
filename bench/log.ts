import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFiles } from '../src/files/node-files.ts'
import { FileLog } from '../src/log/file-log.ts'
import { systemClock, systemRandom } from '../src/model/clock.ts'
import { newStoreId } from '../src/model/ids.ts'

/*
 * What a durable commit costs: node bench/log.ts [commits, default 1,000]. Ratios are to a loop of write and fdatasync (blocking
 * calls, nothing else) of the same bytes, in turns with it: how fast a disk syncs changes from minute to minute.
 */
const commits = Number(process.argv[2] ?? 1_000)
const rounds = 5
const payload = Buffer.alloc(200, 'x')
const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-log-'))

/** Commits per second. */
type Contender = (name: string) => Promise<number>

const rate = async (count: number, work: () => Promise<void>): Promise<number> => {
  const began = performance.now()
  await work()
  return (count / (performance.now() - began)) * 1000
}

/** A batch of one record of the log has 64 + 20 + 6 bytes around the payload. */
const bare: Contender = async name => {
  const bytes = Buffer.alloc(payload.length + 90, 'x')
  const fd = openSync(join(folder, name), 'wx')
  const result = await rate(commits, async () => {
    for (let i = 0; i < commits; i++) {
      writeSync(fd, bytes, 0, bytes.length, i * bytes.length)
      fdatasyncSync(fd)
    }
  })
  closeSync(fd)
  return result
}

/** Each of so many streams appends its next record when the one before is durable. */
const withStreams =
  (streams: number): Contender =>
  async name => {
    const root = join(folder, name)
    for (const part of ['segments', 'claims']) mkdirSync(join(root, part), { recursive: true })
    const log = new FileLog({
      files: nodeFiles,
      root,
      storeId: newStoreId(systemRandom),
      clock: systemClock,
      random: systemRandom,
    })
    const owners = await Promise.all(Array.from({ length: streams }, (_, i) => log.create(`run${i}xx`.slice(0, 6))))
    await log.appendFree([payload])
    const result = await rate(commits * streams, async () => {
      await Promise.all(
        owners.map(async owner => {
          for (let i = 0; i < commits; i++) await log.append(owner, [payload])
        }),
      )
    })
    await log.close()
    return result
  }

const contenders: Readonly<Record<string, Contender>> = {
  'bare write + fdatasync': bare,
  'log, 1 stream': withStreams(1),
  'log, 8 streams': withStreams(8),
  'log, 50 streams': withStreams(50),
}

const rates = new Map<string, number[]>()
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of Object.entries(contenders)) {
    const measured = rates.get(name) ?? []
    measured.push(await run(`${name.replaceAll(/\W/g, '-')}-${round}`))
    rates.set(name, measured)
  }
}
rmSync(folder, { recursive: true })

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
const baseline = rates.get('bare write + fdatasync') ?? []
for (const [name, measured] of rates) {
  const ratio = median(measured.map((value, round) => value / (baseline[round] ?? Number.NaN)))
  console.log(`${name.padEnd(24)} ${median(measured).toFixed(0).padStart(8)} commits/s   ${ratio.toFixed(2)}x bare`)
}
