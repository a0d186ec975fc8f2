// What an item costs: noting it, 64 in flight (goal 25 ns); CPU of run.each over a plain loop that does the same work (goal 1 µs), by index and by key. And the time to resume with a million
// items done: goal 1 s (bench/resume.ts: in a process of its own, up to ten million). Durable steps per second: bench/commits.ts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonl, pipeline, type Store } from 'waymark'
import { CompletedSet } from '../src/model/completed-set.ts'
import { PendingIndexes } from '../src/model/pending-indexes.ts'
import { seededRandom } from '../src/testing/seeded-random.ts'
import { cpuUs, median, timed, withStore } from './shared/temporary-store.ts'

const items = 1_000_000
const rounds = Number(process.argv[2] ?? 5)

/** Something small that the compiler cannot drop. */
let sink = 0
const workSync = (n: number): void => {
  sink = (sink + n) | 0
}
const workAsync = async (n: number): Promise<void> => {
  sink = (sink + n) | 0
}
const numbers = Array.from({ length: items }, (_, i) => i)

async function plainLoop(fn: (n: number) => unknown, concurrency: number): Promise<void> {
  if (concurrency === 1) {
    for (const n of numbers) await fn(n)
    return
  }
  let next = 0
  const lane = async () => {
    while (next < items) await fn(numbers[next++] ?? 0)
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
}

async function throughEach(store: Store, fn: (n: number) => unknown, concurrency: number, byKey: boolean): Promise<number> {
  let used = 0
  const pass = pipeline(`pass`, async run => {
    const source = run.stage('numbers', () => numbers)
    await source
    used = await cpuUs(() => run.each('items', source, n => fn(n), byKey ? { concurrency, key: n => n } : { concurrency }))
  })
  await pass.run({}, { store })
  return used
}

/** Indexes as they finish with 64 in flight, any of which may be next. */
function finishing(count: number): Int32Array {
  const random = seededRandom(1)
  const inFlight = Array.from({ length: 64 }, (_, i) => i)
  return Int32Array.from({ length: count }, (_, i) => {
    const lane = random.integer(64)
    const done = inFlight[lane] ?? 0
    inFlight[lane] = i + 64
    return done
  })
}

const order = finishing(10_000_000)
const ticks: number[] = []
// One after the other: work that begins while another is still measured counts in both.
for (let round = 0; round < rounds; round++) {
  const noting = await cpuUs(async () => {
    const pending = new PendingIndexes()
    const completed = new CompletedSet()
    for (const [i, index] of order.entries()) {
      pending.add(index)
      // A save takes them about as often as this.
      if (i % 500_000 === 0) completed.queue(pending.take())
    }
    completed.queue(pending.take())
    sink += completed.size
  })
  const empty = await cpuUs(async () => {
    for (const [i, index] of order.entries()) sink = (sink + i + index) | 0
  })
  ticks.push(noting - empty)
}
console.log(`noting an item, 64 in flight     ${((median(ticks) / order.length) * 1000).toFixed(1)} ns (goal <= 25)`)

for (const [name, fn, concurrency, byKey] of [
  ['plain function, concurrency 1', workSync, 1, false],
  ['plain function, concurrency 64', workSync, 64, false],
  ['async function, concurrency 1', workAsync, 1, false],
  ['async function, concurrency 64', workAsync, 64, false],
  ['plain function, by key', workSync, 1, true],
  ['async function, 64, by key', workAsync, 64, true],
] as const) {
  const plain: number[] = []
  const each: number[] = []
  for (let round = 0; round < rounds; round++) {
    plain.push(await cpuUs(() => plainLoop(fn, concurrency)))
    each.push(await withStore(store => throughEach(store, fn, concurrency, byKey)))
  }
  const [a, b] = [median(plain) / items, median(each) / items]
  console.log(
    `${name.padEnd(32)} loop ${a.toFixed(3)} · run.each ${b.toFixed(3)} µs CPU an item · over ${(b - a).toFixed(3)} (goal <= 1)`,
  )
}

await withStore(async (store, _files, folder) => {
  const file = join(folder, 'in.jsonl')
  writeFileSync(file, numbers.map(n => `${n}\n`).join(''))
  for (const [how, input] of [
    ['a stage’s result', undefined],
    ['a file', jsonl<number>(file)],
  ] as const) {
    let fail = true
    let startedAt = 0
    let firstCallMs = 0
    const pass = pipeline(`resume from ${how}`, async run => {
      const source = run.stage('numbers', () => numbers)
      await run.each('items', input ?? source, n => {
        if (n < items - 1) return
        if (fail) throw new Error('the last item fails')
        firstCallMs = performance.now() - startedAt
      })
    })
    await pass.run({}, { store }).catch(() => {})
    fail = false
    startedAt = performance.now()
    const whole = await timed(() => pass.run({}, { store }))
    console.log(
      `resume, ${items.toLocaleString('en')} items done, ${how}: first call after ${firstCallMs.toFixed(0)} ms, run of ${whole.toFixed(0)} ms (goal 1,000)`,
    )
  }
})
