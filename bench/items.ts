// CPU per item of run.each over a plain loop that does the same work: goal at most 1 µs. And the time to resume with a million items done: goal 1 s.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonl, pipeline, type Store } from 'waymark'
import { cpuUs, median, timed, withStore } from './shared/temporary-store.ts'

const items = 1_000_000
const rounds = 5

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

async function throughEach(store: Store, fn: (n: number) => unknown, concurrency: number): Promise<number> {
  let used = 0
  const pass = pipeline(`pass`, async run => {
    const source = run.stage('numbers', () => numbers)
    await source
    used = await cpuUs(() => run.each('items', source, n => fn(n), { concurrency }))
  })
  await pass.run({}, { store })
  return used
}

for (const [name, fn, concurrency] of [
  ['plain function, concurrency 1', workSync, 1],
  ['async function, concurrency 1', workAsync, 1],
  ['async function, concurrency 64', workAsync, 64],
] as const) {
  const plain: number[] = []
  const each: number[] = []
  for (let round = 0; round < rounds; round++) {
    plain.push(await cpuUs(() => plainLoop(fn, concurrency)))
    each.push(await withStore(store => throughEach(store, fn, concurrency)))
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
