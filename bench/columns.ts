// node --conditions=waymark-source bench/columns.ts [--rounds 9]
// 64 MB of typed arrays saved: first, unchanged, with 1 % changed in one place, with 200 edits of 64 bytes; and loaded. Beside it what the machine needs to compare, to hash and
// to copy the same bytes. Medians of the rounds, except of the first save: one a store, so a third as many.
import { deepStrictEqual } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { serialize } from 'node:v8'
import { open } from '../src/open.ts'
import { seededRandom } from '../src/testing/seeded-random.ts'
import { folderBytes } from './shared/folder-bytes.ts'
import { Samples } from './shared/samples.ts'

const { values: given } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } })
const rounds = Number(given.rounds)
const rows = 4_000_000

interface Columns {
  readonly prices: Float64Array
  readonly quantities: Int32Array
  readonly readings: Float32Array
}

const random = seededRandom(1)
const columns: Columns = {
  prices: Float64Array.from(walk(rows), value => Math.round(value * 100) / 100),
  quantities: Int32Array.from({ length: rows }, () => random.integer(5000)),
  readings: Float32Array.from(walk(rows), value => Math.round(value * 10) / 10),
}
const arrays = [columns.prices, columns.quantities, columns.readings]

const samples = new Samples()
for (let round = 0; round < rounds; round += 3) await throughOneStore(Math.min(3, rounds - round))
samples.print()
const say = (what: string, name: string, goal: string) =>
  console.log(
    `  → ${what.padEnd(24)} ${samples.wallMs(name).toFixed(1)} ms, ${samples.ratio(name, 'compare with a copy')}   (goal ${goal})`,
  )
say('unchanged', 'unchanged', '<= 8 ms')
say('1 % changed', '1 % contiguous', '<= 12 ms')

async function throughOneStore(times: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'))
  const store = await open(join(folder, 'store'))
  const save = (name: string) => {
    const before = folderBytes(folder).truth
    return samples.take(
      name,
      () => store.save({ value: columns, run: 'bench', stage: 'columns' }),
      () => folderBytes(folder).truth - before,
    )
  }
  try {
    await save('first save')
    for (let time = 0; time < times; time++) {
      await save('unchanged')
      changeOnePercent()
      await save('1 % contiguous')
      for (let edit = 0; edit < 200; edit++) changeSome(8)
      const { id } = await save('200 edits of 64 bytes')
      const { value } = await samples.take('load', () => store.load(id))
      if (time === 0) deepStrictEqual(value, columns)
      await measureMachine()
    }
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureMachine(): Promise<void> {
  const copies = arrays.map(array => array.slice())
  await samples.take('compare with a copy', () =>
    arrays.every((array, i) => Buffer.compare(bytesOf(array), bytesOf(copies[i] ?? array)) === 0),
  )
  await samples.take('SHA-256', () => arrays.map(array => createHash('sha256').update(array).digest()))
  await samples.take('v8.serialize', () => serialize(columns))
}

function bytesOf(array: Columns[keyof Columns]): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** The same rows of every column. */
function changeOnePercent(): void {
  const count = rows / 100
  const start = random.integer(rows - count)
  for (let row = start; row < start + count; row++) changeRow(row)
}

function changeSome(count: number): void {
  const start = random.integer(rows - count)
  for (let row = start; row < start + count; row++) columns.prices[row] = random.integer(1e6) / 100
}

function changeRow(row: number): void {
  columns.prices[row] = random.integer(1e6) / 100
  columns.quantities[row] = random.integer(5000)
  columns.readings[row] = random.integer(1e4) / 10
}

function* walk(length: number): Generator<number> {
  let value = 100
  for (let n = 0; n < length; n++) {
    value = Math.max(1, value + (random.next() + random.next() + random.next() - 1.5) * 0.4)
    yield value
  }
}
