// Resuming a pass of which all but the last item are recorded, in a process of its own: node bench/resume.ts [items, default 1,000,000].
// Goals: by index 1 million in 1 s and 10 million in 3 s; by key 10 million in 10 s, 12 bytes an item on disk, 250 MB resident (TypeScript to strip not counted: the bench says what that takes). The floor beside it reads and hashes the same file once.
import { execFileSync, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jsonl, open, pipeline, type Store } from 'waymark'
import { encodeRunRecord } from '../src/engine/record-codec.ts'
import type { CompletedRange } from '../src/model/completed-set.ts'
import { seededRandom } from '../src/testing/seeded-random.ts'

const kinds = ['file by index', 'stage by index', 'file by key'] as const
type Kind = (typeof kinds)[number]

interface Order {
  readonly id: number
}

/** What the child tells. */
interface Measured {
  /** From before the store is opened to the first call, and CPU of that. */
  readonly ms: number
  readonly cpuMs: number
  readonly peakMb: number
  readonly baseMb: number
}

function passOver(kind: Kind, items: number, folder: string, onCall: (id: number) => void) {
  return pipeline(kind, async run => {
    const call = ({ id }: Order) => onCall(id)
    if (kind === 'stage by index') {
      const made = run.stage('orders', () => Array.from({ length: items }, (_, id): Order => ({ id })))
      await run.each('items', made, call)
    } else if (kind === 'file by index') await run.each('items', jsonl<Order>(join(folder, 'orders.jsonl')), call)
    else await run.each('items', jsonl<Order>(join(folder, 'orders.jsonl')), call, { key: order => `order-${order.id}` })
  })
}

/** The child's part: the first attempt ends at the last item, the second tells how long it took to get there. */
async function attempt(kind: Kind, items: number, folder: string, isFirst: boolean): Promise<void> {
  const baseMb = process.memoryUsage.rss() / 1e6
  const began = performance.now()
  let ms = Number.NaN
  let cpuMs = Number.NaN
  const cpu = process.cpuUsage()
  const store: Store = await open({ path: join(folder, '.waymark') })
  const pass = passOver(kind, items, folder, id => {
    if (id < items - 1) return
    if (isFirst) throw new Error('the last item fails')
    ms = performance.now() - began
    const { user, system } = process.cpuUsage(cpu)
    cpuMs = (user + system) / 1000
  })
  await pass.run({}, { store }).catch(error => {
    if (!isFirst) throw error
  })
  await store.close()
  process.send?.({ ms, cpuMs, baseMb, peakMb: process.resourceUsage().maxRSS / 1e3 } satisfies Measured)
}

function inChild(kind: Kind, items: number, folder: string, isFirst: boolean): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ['child', kind, String(items), folder, String(isFirst)])
    let told: Measured | undefined
    child.on('message', (measured: Measured) => {
      told = measured
    })
    child.on('exit', code => (told === undefined ? reject(new Error(`the child ended with ${code}`)) : resolve(told)))
  })
}

async function writeOrders(file: string, items: number): Promise<void> {
  const out = createWriteStream(file)
  for (let from = 0; from < items; from += 10_000) {
    const lines = Array.from({ length: Math.min(10_000, items - from) }, (_, i) => `{"id":${from + i}}\n`)
    if (!out.write(lines.join(''))) await new Promise<void>(resolve => out.once('drain', () => resolve()))
  }
  await new Promise<void>(resolve => out.end(() => resolve()))
}

async function hashOnce(file: string): Promise<number> {
  const began = performance.now()
  const digest = createHash('sha256')
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) digest.update(piece)
  digest.digest()
  return performance.now() - began
}

const logBytes = (folder: string): number => {
  const segments = join(folder, '.waymark', 'segments')
  return readdirSync(segments).reduce((sum, name) => sum + statSync(join(segments, name)).size, 0)
}

/** One record that holds all of ten million items but one in a thousand, at random. */
function recordBytes(items: number): number {
  const random = seededRandom(1)
  const completed: CompletedRange[] = []
  let from = 0
  for (let index = 0; index < items; index++) {
    if (!random.bool(0.001)) continue
    if (index > from) completed.push([from, index - 1])
    from = index + 1
  }
  if (from < items) completed.push([from, items - 1])
  const counts = { total: items, done: items, skipped: 0, setAside: 0, retries: 0 }
  return encodeRunRecord({ type: 'stage.progress', time: 1.8e12, path: 'items', counts, completed }).length
}

/** MB of memory of a process that does nothing but this. */
function ownMb(...flags: readonly string[]): number {
  const text = execFileSync(process.execPath, [...flags, '-e', 'console.log(process.memoryUsage.rss() / 1e6)'], {
    encoding: 'utf8',
  })
  return Number(text)
}

async function main(items: number): Promise<void> {
  const plainMb = ownMb()
  const strippingMb = ownMb('--input-type=module-typescript')
  console.log(
    `Node itself takes ${plainMb.toFixed(0)} MB, with TypeScript to strip ${strippingMb.toFixed(0)}: the ${(strippingMb - plainMb).toFixed(0)} MB between are not there for who uses the package`,
  )
  console.log(`a record of ten million items, 0.1 % missing at random: ${(recordBytes(1e7) / 1000).toFixed(1)} KB (goal 30)`)
  for (const kind of kinds) {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-resume-'))
    try {
      const file = join(folder, 'orders.jsonl')
      await writeOrders(file, items)
      const first = await inChild(kind, items, folder, true)
      const bytes = logBytes(folder)
      const resumed = await inChild(kind, items, folder, false)
      const floor = await hashOnce(file)
      console.log(
        `${kind.padEnd(15)} ${items.toLocaleString('en')} items · first call after ${resumed.ms.toFixed(0)} ms (${resumed.cpuMs.toFixed(0)} ms of CPU), ${(resumed.ms / floor).toFixed(1)}x reading and hashing the file` +
          ` · peak ${resumed.peakMb.toFixed(0)} MB of which ${resumed.baseMb.toFixed(0)} before it began (first attempt ${first.peakMb.toFixed(0)}) · log ${(bytes / items).toFixed(2)} bytes an item`,
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const [mode, kind, items, folder, isFirst] = process.argv.slice(2)
if (mode === 'child') {
  const known = kinds.find(one => one === kind)
  if (known !== undefined) await attempt(known, Number(items), folder ?? '', isFirst === 'true')
} else await main(Number(mode ?? 1_000_000))
