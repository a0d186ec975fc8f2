import { type SeededRandom, seededRandom } from '../../src/testing/seeded-random.ts'

/*
 * A state as bytes: 44 % lines of JSON, 37 % columns of float64, 19 % that nothing compresses, in sections that take turns. Everything follows from a seed.
 * One turn is 1 % of the whole, so a run of 1 % anywhere has the same mix as the whole.
 */

/** All but `inserted` rewrite 1 %: in one place, in places of 64 KiB, in pages of 4 KiB. `inserted` puts 1 KiB before everything. */
export type Edit = 'in-place' | 'in-runs' | 'inserted' | 'scattered'
type Kind = 'text' | 'columns' | 'noise'

export interface ByteState {
  readonly bytes: Uint8Array
  /** Bytes that were inserted before the first section. */
  readonly shift: number
}

const pageBytes = 4096
const runBytes = 65_536
const insertedBytes = 1024

export function byteState(length: number, seed: number): ByteState {
  const state: ByteState = { bytes: new Uint8Array(length), shift: 0 }
  rewrite(state, 0, length, length, seed)
  return state
}

/** The state after an edit. Rewritten ranges get new content of the kind that was there. */
export function edited(before: ByteState, edit: Edit, seed: number): ByteState {
  const onePercent = Math.round(before.bytes.length / 100)
  const original = before.bytes.length - before.shift
  if (edit === 'inserted') {
    const bytes = new Uint8Array(before.bytes.length + insertedBytes)
    fillText(bytes.subarray(0, insertedBytes), seededRandom(seed))
    bytes.set(before.bytes, insertedBytes)
    return { bytes, shift: before.shift + insertedBytes }
  }
  const after: ByteState = { bytes: before.bytes.slice(), shift: before.shift }
  const unit = { 'in-place': onePercent, 'in-runs': runBytes, scattered: pageBytes }[edit]
  const random = seededRandom(seed)
  const chosen = new Set<number>()
  while (chosen.size < Math.round(onePercent / unit)) chosen.add(random.integer(Math.floor(before.bytes.length / unit) - 1))
  for (const index of chosen) rewrite(after, index * unit, index * unit + unit, original, seed + 1 + index)
  return after
}

/** Fills [from, to) with new content, each section with its kind. `original` is the length when the sections were laid out. */
function rewrite({ bytes, shift }: ByteState, from: number, to: number, original: number, seed: number): void {
  const random = seededRandom(seed)
  for (let at = from; at < to; ) {
    const section = sectionAt(at - shift, original)
    const end = Math.min(to, section.end + shift)
    fill[section.kind](bytes.subarray(at, end), random, (at - shift - section.start) % 8)
    at = end
  }
}

function sectionAt(at: number, original: number): { readonly kind: Kind; readonly start: number; readonly end: number } {
  const turn = Math.floor(original / 100 / 8) * 8
  const [text, columns] = [Math.round((turn * 0.44) / 8) * 8, Math.round((turn * 0.37) / 8) * 8]
  const base = Math.floor(at / turn) * turn
  const within = at - base
  if (within < text) return { kind: 'text', start: base, end: base + text }
  if (within < text + columns) return { kind: 'columns', start: base + text, end: base + text + columns }
  return { kind: 'noise', start: base + text + columns, end: base + turn }
}

const fill: Record<Kind, (target: Uint8Array, random: SeededRandom, phase: number) => void> = {
  text: fillText,
  columns: fillColumns,
  noise: (target, random) => target.set(random.bytes(target.length)),
}

const words =
  'alpha orders fetch page cursor retry timeout parsed written remote invalid customer invoice total region report daily ledger'.split(
    ' ',
  )

/** Lines such as a pipeline keeps: ids, amounts, times, words. */
function fillText(target: Uint8Array, random: SeededRandom): void {
  const encoder = new TextEncoder()
  let id = random.integer(90_000_000)
  let time = 1_760_000_000_000 + random.integer(1e9)
  for (let at = 0; at < target.length; ) {
    id += 1 + random.integer(3)
    time += random.integer(60_000)
    const note = Array.from({ length: 2 + random.integer(4) }, () => random.pick(words)).join(' ')
    const line = `{"id":${id},"order":"ORD-${String(id * 7).padStart(10, '0')}","at":"${new Date(time).toISOString()}","amount":${random.integer(1e6) / 100},"currency":"${random.pick(['EUR', 'USD', 'GBP'])}","quantity":${random.integer(20)},"paid":${random.bool(0.8)},"status":"${random.pick(['done', 'running', 'failed', 'pending'])}","note":"${note}"}\n`
    at += encoder.encodeInto(line, target.subarray(at)).written || target.length
  }
}

/** Columns of 8,192 values: prices in cents, sensor readings to a tenth, times in milliseconds, and estimates in full precision. */
function fillColumns(target: Uint8Array, random: SeededRandom, phase: number): void {
  const view = new DataView(target.buffer, target.byteOffset, target.length)
  let next = column(random)
  for (let at = (8 - phase) % 8, index = 0; at + 8 <= target.length; at += 8, index++) {
    if (index % 8192 === 8191) next = column(random)
    view.setFloat64(at, next(), true)
  }
}

function column(random: SeededRandom): () => number {
  let value = 20 + random.next() * 200
  const drift = value / 500
  const step = () => {
    value = Math.max(1, value + (random.next() + random.next() + random.next() - 1.5) * drift)
    return value
  }
  const kind = random.next()
  if (kind < 0.4) return () => Math.round(step() * 100) / 100
  if (kind < 0.7) return () => Math.round(step() * 10) / 10
  if (kind < 0.85) {
    let time = 1_760_000_000_000 + random.integer(1e9)
    return () => (time += 900 + random.integer(200))
  }
  return step
}
