// Nanoseconds that a tracked loop spends on an item beside the work: shouldSkip and done, against a bare Set that is asked and added to, and keeps nothing. And the saves beside it.
import type { Tracker } from 'waymark'
import { cpuUs, median, withStore } from './shared/temporary-store.ts'

const items = Number(process.argv[2] ?? 1_000_000)
const rounds = 5
/** Items between two turns of the event loop, as a loop that awaits something has them. */
const between = 10_000

/** Items in the order in which 64 at a time are finished. */
const shuffled = Uint32Array.from({ length: items }, (_, i) => {
  const base = i - (i % 64)
  return Math.min(items - 1, base + ((i * 37) % 64))
})
const inOrder = Uint32Array.from({ length: items }, (_, i) => i)
const keys = Array.from({ length: items }, (_, i) => `item-${i}`)

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

async function bare<Item>(list: ArrayLike<Item>): Promise<void> {
  const set = new Set<Item>()
  for (let i = 0; i < items; i++) {
    const item = list[i]
    if (item !== undefined && !set.has(item)) set.add(item)
    if (i % between === between - 1) await turn()
  }
}

async function tracked(t: Tracker, list: ArrayLike<number | string>): Promise<void> {
  for (let i = 0; i < items; i++) {
    const item = list[i] ?? 0
    if (!t.shouldSkip(item)) t.done(item)
    if (i % between === between - 1) await turn()
  }
}

for (const [name, list] of [
  ['by index, in order', inOrder],
  ['by index, 64 in flight', shuffled],
  ['by key', keys],
] as const) {
  const [set, loop, all]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    set.push(await cpuUs(() => bare<number | string>(list)))
    await withStore(async store => {
      const t = await store.track({ run: 'bench', stage: 'rows' })
      const before = process.cpuUsage()
      loop.push(await cpuUs(() => tracked(t, list)))
      await t.complete()
      const { user, system } = process.cpuUsage(before)
      all.push(user + system)
    })
  }
  const ns = (values: readonly number[]): string => ((median(values) * 1000) / items).toFixed(0).padStart(4)
  console.log(`${name.padEnd(24)} bare Set ${ns(set)} · tracked ${ns(loop)} · with all saves ${ns(all)} ns of CPU an item`)
}

await withStore(async store => {
  const t = await store.track({ run: 'bench', stage: 'rows' })
  for (let i = 0; i < items; i++) t.done(i)
  await t.pause()
  const again = await store.track({ run: 'bench', stage: 'rows' })
  const skip = await cpuUs(async () => {
    let left = 0
    for (let i = 0; i < items; i++) if (!again.shouldSkip(i)) left++
    if (left > 0) throw new Error(`${left} items are missing`)
  })
  await again.complete()
  console.log(`shouldSkip of what an earlier attempt recorded: ${((skip * 1000) / items).toFixed(0)} ns of CPU an item`)
})
