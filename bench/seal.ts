// What sealing costs: first save, save of a changed value, load of 10 and 100 MB, 1,000 small saves; plain and sealed in turn, so that a busy moment hits both. Goal: at most 1.15 times the CPU and the wall
// time of the plain store. Then what opening costs (a key file, a passphrase), and the rotation of the keys of a store with 100,000 checkpoints (goal 50 ms).
// Measured 2026-11-21 on two cores with much other work (load 8 to 18), CPU of all threads, blocks of 64 KiB and those of 16 KiB before, in turn: first save of 10 MB 1.05 to 1.38 × the plain one (1.11 to 1.44 ×), of 100 MB 1.10 ×
// by the least of four (1.28 ×); a store with 100,000 checkpoints is opened in 0.83 s (2.2 s), a plain one in 0.62 s. What is left of a save is the work itself: bare HMAC and AES-GCM of what is stored of 10 MB (8.3 MB, half of the value does not
// compress) take 13 ms (21 ms), a plain save 80 ms. Buffers of ciphers are given back and those of the writer used again: without that the collector goes through the whole heap for each 64 MB of them.
// Measured 2026-11-22, almost idle, 3 rounds, CPU: first save of 10 and 100 MB 1.19 and 1.16 ×, saved again 1.23 and 1.24 ×, load 1.44 and 1.11 ×, small saves 1.30 ×; a store of 20,000 checkpoints opens in 87 ms (84 plain), rekey at
// 0.92 × the speed of the first save.
// Measured 2026-11-22, two cores, load 15 to 24, plain and sealed save by save in turn, CPU (least twentieth and first quarter of 1,100 to 1,600): a save of 1 KB 1.16 to 1.18 and 1.13 to 1.15 × the plain one (1.30 to 1.33 and 1.32 to
// 1.35 × with an HMAC object of node:crypto for each record). A load of 10 MB, least and median of 12: 73 and 99 ms (83 and 139 ms when all blocks of a frame were read at once; plain 61 and 120). What is left of a first save is the work
// itself: SHA-256 5.6 ms and AES-GCM 2.9 of 10 ms by samples; of a save again, opening whole blocks for the tables of a pack, 42 of 74 blocks.
// Measured 2026-11-22, idle, 5 rounds, CPU: first save of 10 and 100 MB 1.20 and 1.16 ×, saved again 1.15 and 1.03 ×, load 1.24 and 1.08 ×, small saves 1.31 ×; rotate with 20,000 checkpoints 36 ms, rekey at 1.04 × the speed of the
// first save.
// WAYMARK_BENCH_ROUNDS (5) and WAYMARK_BENCH_CHECKPOINTS (100,000) make it shorter.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type Store } from 'waymark'
import { keyFile } from '../src/seal/key-file.ts'
import type { MasterKey } from '../src/seal/master-key.ts'
import { passphrase } from '../src/seal/passphrase.ts'
import { cpuUs, median, timed } from './shared/temporary-store.ts'

const rounds = Number(process.env['WAYMARK_BENCH_ROUNDS'] ?? 5)
const checkpoints = Number(process.env['WAYMARK_BENCH_CHECKPOINTS'] ?? 100_000)
const goal = 1.15

const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-seal-'))
const keyPath = join(folder, 'key')
writeFileSync(keyPath, randomBytes(32).toString('hex'), { mode: 0o600 })
const key = keyFile(keyPath)

interface State {
  readonly notes: string[]
  readonly column: Float64Array
  step: number
}

/** Half text that compresses well, half numbers that do not. */
function stateOf(megabytes: number): State {
  let seed = 7
  const next = (): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed
  }
  const word = (): string => next().toString(36)
  const notes = Array.from({ length: megabytes * 100 }, () => Array.from({ length: 730 }, word).join(' ').slice(0, 5_000))
  return { notes, column: Float64Array.from({ length: megabytes * 62_500 }, () => next() / 2_147_483_647), step: 0 }
}

/** One part of a hundred of it is another. */
function change(state: State, step: number): void {
  state.step = step
  for (let i = step; i < state.notes.length; i += 100) state.notes[i] = `${step} ${state.notes[i]}`
}

interface Sample {
  readonly cpuMs: number
  readonly wallMs: number
}

class Ratios {
  readonly #samples = new Map<string, { readonly plain: Sample[]; readonly sealed: Sample[] }>()

  async take<T>(name: string, kind: 'plain' | 'sealed', work: () => Promise<T>): Promise<void> {
    const known = this.#samples.get(name) ?? { plain: [], sealed: [] }
    this.#samples.set(name, known)
    let wallMs = 0
    const cpu = await cpuUs(async () => {
      wallMs = await timed(work)
    })
    known[kind].push({ cpuMs: cpu / 1000, wallMs })
  }

  print(): void {
    for (const [name, { plain, sealed }] of this.#samples) {
      const [cpu, wall] = (['cpuMs', 'wallMs'] as const).map(what => {
        const [before, after] = [median(plain.map(one => one[what])), median(sealed.map(one => one[what]))]
        return `${what === 'cpuMs' ? 'CPU' : 'wall'} ${after.toFixed(1)} ms sealed, ${before.toFixed(1)} plain: ${(after / before).toFixed(2)} ×`
      })
      console.log(`  ${name.padEnd(28)} ${cpu} · ${wall}`)
    }
  }
}

async function withStores(use: (stores: readonly (readonly ['plain' | 'sealed', Store])[]) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(folder, 'round-'))
  const plain = await open({ path: join(path, 'plain') })
  const sealed = await open({ path: join(path, 'sealed'), key })
  try {
    await use([
      ['plain', plain],
      ['sealed', sealed],
    ])
  } finally {
    await plain.close()
    await sealed.close()
    rmSync(path, { recursive: true })
  }
}

const ratios = new Ratios()
for (const megabytes of [10, 100]) {
  const state = stateOf(megabytes)
  for (let round = 0; round < rounds + 1; round++) {
    // The first round warms up both.
    const kept = round === 0 ? new Ratios() : ratios
    await withStores(async stores => {
      // Each goes first every other time.
      const turns = round % 2 === 0 ? stores : stores.toReversed()
      for (const [kind, store] of turns)
        await kept.take(`first save of ${megabytes} MB`, kind, () => store.save({ value: state, run: 'bench', stage: 's' }))
      change(state, round)
      for (const [kind, store] of turns)
        await kept.take(`save again, 1 % changed, ${megabytes}`, kind, () =>
          store.save({ value: state, run: 'bench', stage: 's' }),
        )
      for (const [kind, store] of turns) {
        const [newest] = await store.list({ limit: 1 })
        await kept.take(`load of ${megabytes} MB`, kind, () => store.load(newest?.id ?? ''))
      }
    })
  }
}
for (let round = 0; round < rounds + 1; round++) {
  const kept = round === 0 ? new Ratios() : ratios
  await withStores(async stores => {
    const turns = round % 2 === 0 ? stores : stores.toReversed()
    for (const [kind, store] of turns) {
      await kept.take('1,000 saves of 1 KB', kind, async () => {
        for (let i = 0; i < 1_000; i++) await store.save({ value: { i, text: 'x'.repeat(1_000) }, stage: 'small' })
      })
    }
  })
}
console.log(`sealed against plain, median of ${rounds}, goal ${goal} ×`)
ratios.print()

const large = join(folder, 'large')
const plainLarge = join(folder, 'plain')
async function fill(path: string, options: { readonly key?: MasterKey }): Promise<void> {
  const store = await open({ path, ...options })
  for (let saved = 0; saved < checkpoints; saved += 500)
    await Promise.all(Array.from({ length: 500 }, (_, i) => store.save({ value: saved + i, stage: 'filler' })))
  await store.close()
}
await fill(large, { key })
await fill(plainLarge, {})
const withPhrase = join(folder, 'phrase')
await (await open({ path: withPhrase, key: passphrase('correct horse battery staple') })).close()
const openAndClose = async (path: string, options: { readonly key?: MasterKey }): Promise<void> => {
  const store = await open({ path, ...options })
  await store.close()
}
const opens = { sealed: [] as number[], plain: [] as number[], phrase: [] as number[], rotate: [] as number[] }
for (let round = 0; round < rounds; round++) {
  opens.sealed.push(await timed(() => openAndClose(large, { key })))
  opens.plain.push(await timed(() => openAndClose(plainLarge, {})))
  opens.phrase.push(await timed(() => openAndClose(withPhrase, { key: passphrase('correct horse battery staple') })))
  const store = await open({ path: large, key })
  opens.rotate.push(await timed(() => store.rotateKeys()))
  await store.close()
}
const text = (times: readonly number[]): string => `${median(times).toFixed(1)} ms`
console.log(
  `${checkpoints.toLocaleString('en')} checkpoints: open and close ${text(opens.sealed)} sealed, ${text(opens.plain)} plain`,
)
console.log(`an empty store with a passphrase (scrypt): open and close ${text(opens.phrase)}`)
console.log(`rotate of the keys of ${checkpoints.toLocaleString('en')} checkpoints: ${text(opens.rotate)} (goal 50 ms)`)

// A rekey reads all, seals it, and reads it back: against the first save of the same values, each in a store of its own.
const speeds = { save: [] as number[], rekey: [] as number[] }
const largeState = stateOf(100)
for (let round = 0; round < rounds; round++) {
  await withStores(async stores => {
    const store = stores[1]?.[1]
    if (store === undefined) return
    const saveMs = await timed(() => store.save({ value: largeState, run: 'bench', stage: 's' }))
    const { bytes } = (await store.stats()).physical
    const before = performance.now()
    const report = await store.rekey()
    speeds.rekey.push(report.bytes / 1e3 / (performance.now() - before))
    speeds.save.push(bytes / 1e3 / saveMs)
  })
}
console.log(
  `rekey: ${median(speeds.rekey).toFixed(0)} MB/s of what is on the disk, the first save of it ${median(speeds.save).toFixed(0)} MB/s: ${(median(speeds.rekey) / median(speeds.save)).toFixed(2)} ×`,
)
rmSync(folder, { recursive: true, force: true })
