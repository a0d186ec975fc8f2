// npm run bench -- chunking      a few seconds
//
// Cutting bytes into content-defined chunks, in ratio to what is done to the same bytes anyway: SHA-256, and a copy.
// Rounds alternate, so that noise hits all; the median and the best of each are printed.
import { hash } from 'node:crypto'
import { blobChunks, ChunkCutter, type ChunkSizes, chunkLength, valueChunks } from '../src/format/cut-chunks.ts'
import { seededRandom } from '../src/testing/seeded-random.ts'

const totalBytes = 32 * 1024 * 1024
const pieceBytes = 512 * 1024
const rounds = 9

const random = seededRandom(11)
const plain = random.bytes(totalBytes)
const shared = new Uint8Array(new SharedArrayBuffer(totalBytes))
shared.set(plain)
const copy = new Uint8Array(totalBytes)

interface Contender {
  readonly name: string
  /** How many chunks it makes. */
  run(): number
}

for (const [name, sizes] of [
  ['value', valueChunks],
  ['blob', blobChunks],
] as const) {
  const { minBytes, targetBytes, maxBytes } = sizes
  console.log(`\n${name} chunks of ${minBytes / 1024} / ${targetBytes / 1024} / ${maxBytes / 1024} KiB, random bytes`)
  compare([
    { name: 'memcpy', run: copyOnce },
    { name: `SHA-256 of ${targetBytes / 1024} KiB`, run: () => digests(plain, targetBytes) },
    { name: 'chunkLength', run: () => cutWhole(plain, sizes) },
    { name: 'chunkLength, shared memory', run: () => cutWhole(shared, sizes) },
    { name: `ChunkCutter, ${pieceBytes / 1024} KiB pieces`, run: () => cutPieces(plain, sizes) },
  ])
}

function compare(contenders: readonly Contender[]): void {
  const times = contenders.map((): number[] => [])
  const counts = contenders.map(contender => contender.run())
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const start = performance.now()
      contender.run()
      times[index]?.push(performance.now() - start)
    }
  }
  const [copyMs = 0, shaMs = 0] = times.map(median)
  for (const [index, { name }] of contenders.entries()) {
    const ms = median(times[index] ?? [])
    const count = counts[index] ?? 0
    console.log(
      [
        name.padEnd(28),
        `${speed(ms)} MB/s, best ${speed(Math.min(...(times[index] ?? [])))}`,
        `${(shaMs / ms).toFixed(2)} of SHA-256`,
        `${(copyMs / ms).toFixed(2)} of memcpy`,
        count > 1 ? `${(totalBytes / count / 1024).toFixed(1)} KiB a chunk` : '',
      ].join('   '),
    )
  }
}

function copyOnce(): number {
  copy.set(plain)
  return 1
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

function speed(ms: number): string {
  return (totalBytes / 1e3 / ms).toFixed(0).padStart(6)
}

function digests(bytes: Uint8Array, length: number): number {
  let count = 0
  for (let from = 0; from < bytes.length; from += length) count += hash('sha256', bytes.subarray(from, from + length)).length / 64
  return count
}

function cutWhole(bytes: Uint8Array, sizes: ChunkSizes): number {
  let count = 0
  for (let from = 0; from < bytes.length; count++) from += chunkLength(bytes, from, bytes.length, sizes)
  return count
}

function cutPieces(bytes: Uint8Array, sizes: ChunkSizes): number {
  let count = 0
  const cutter = new ChunkCutter(sizes, () => count++)
  for (let from = 0; from < bytes.length; from += pieceBytes) cutter.push(bytes.subarray(from, from + pieceBytes))
  cutter.finish()
  return count
}
