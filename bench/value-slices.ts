// npm run bench -- value-slices         10 MB
// node bench/value-slices.ts --full     100 MB
//
// Encoding in slices: how long the event loop is held at most, and what that costs in all against encoding in one piece.
import { setImmediate } from 'node:timers/promises'
import { serialize } from 'node:v8'
import { type EncodedParts, encodeParts } from '../src/format/encode-parts.ts'
import { encodePartsInSlices } from '../src/format/encode-parts-in-slices.ts'
import { systemClock } from '../src/model/clock.ts'

const isFull = process.argv.includes('--full')
const megabytes = isFull ? 100 : 10
const rounds = isFull ? 3 : 5

const rows = Array.from({ length: megabytes * 4_000 }, (_, id) => ({
  id,
  status: ['done', 'running', 'failed'][id % 3],
  at: new Date(1_760_000_000_000 + id * 997),
  score: Math.sin(id),
  url: `https://api.example.com/v2/items/${id}?page=${id % 50}`,
  history: [
    { event: 'fetch', ms: id % 977 },
    { event: 'parse', ms: (id * 31) % 977 },
  ],
}))
const shapes: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['records', { version: 1, rows }],
  ['Map of records', new Map(rows.map(row => [`row-${row.id}`, row]))],
  ['numbers', Array.from({ length: megabytes * 110_000 }, (_, index) => index / 7)],
  ['empty objects', Array.from({ length: megabytes * 50_000 }, () => ({}))],
  ['binary tree', tree(megabytes * 30_000)],
])

for (const [name, value] of shapes) {
  const whole: number[] = []
  const total: number[] = []
  const longest: number[] = []
  const longestCpu: number[] = []
  const v8: number[] = []
  let bytes = 0
  encodeParts(value, { outline: true }).release()
  for (let round = 0; round < rounds; round++) {
    v8.push(timeOf(() => serialize(value)))
    whole.push(timeOf(() => encodeParts(value, { outline: true }).release()))
    const sliced = await slicedTimes(value)
    total.push(sliced.busyMs)
    longest.push(sliced.longestMs)
    longestCpu.push(sliced.longestCpuMs)
    bytes = sliced.parts.length
    sliced.parts.release()
  }
  console.log(
    [
      `${name.padEnd(15)} ${(bytes / 1e6).toFixed(1).padStart(6)} MB`,
      `v8.serialize ${median(v8)} ms`,
      `in one piece ${median(whole)} ms`,
      `in slices ${median(total)} ms, longest ${median(longest)} ms, of the thread's own time ${median(longestCpu)} ms`,
    ].join('   '),
  )
}

/** Time spent in the slices, and in the longest: by the clock, and without what other processes took of it. */
async function slicedTimes(
  value: unknown,
): Promise<{ parts: EncodedParts; busyMs: number; longestMs: number; longestCpuMs: number }> {
  let busyMs = 0
  let longestMs = 0
  let longestCpuMs = 0
  let start = performance.now()
  let startCpu = process.threadCpuUsage()
  const end = () => {
    const { user, system } = process.threadCpuUsage(startCpu)
    longestCpuMs = Math.max(longestCpuMs, (user + system) / 1000)
    const ms = performance.now() - start
    busyMs += ms
    longestMs = Math.max(longestMs, ms)
  }
  const pause = async () => {
    end()
    await setImmediate()
    start = performance.now()
    startCpu = process.threadCpuUsage()
  }
  const parts = await encodePartsInSlices(value, { outline: true }, { pause, clock: systemClock })
  end()
  return { parts, busyMs, longestMs, longestCpuMs }
}

function timeOf(run: () => unknown): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

function median(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0).toFixed(1).padStart(6)
}

function tree(leaves: number): unknown {
  return leaves <= 1 ? { value: 'leaf' } : { left: tree(leaves >> 1), right: tree(leaves - (leaves >> 1)) }
}
