// npm run bench -- pack-frames
//
// Frames of 256 KiB in every codec: how fast they are written and read, and how much shorter they get. Then what the probe for
// incompressible bytes costs and saves. The ratios are what to compare; the machine is whatever it is.
import { createHash } from 'node:crypto'
import { isCompressible } from '../src/format/compressible.ts'
import { type Compression, compress } from '../src/format/compression.ts'
import { decodeFrame, encodeFrame } from '../src/format/pack-frame.ts'
import type { PackChunk } from '../src/format/pack-table.ts'
import { ParityBuilder } from '../src/format/parity.ts'

const frameBytes = 256 * 1024
const chunkBytes = 8 * 1024
const rounds = 9
const random = seededRandom(7)
const samples = {
  text: recordText(),
  'float64 prices': bytesOf(Float64Array.from({ length: frameBytes / 8 }, () => Math.round(random() * 1e5) / 100)),
  'float64 series': bytesOf(floatSeries()),
  'float64 noise': bytesOf(Float64Array.from({ length: frameBytes / 8 }, () => random())),
  random: Uint8Array.from({ length: frameBytes }, () => random() * 256),
}
const compressions: readonly Compression[] = [
  { codec: 'none' },
  { codec: 'zstd' },
  { codec: 'zstd', level: 3 },
  { codec: 'gzip' },
  { codec: 'brotli' },
]

for (const [name, bytes] of Object.entries(samples)) {
  console.log(`\n${name}`)
  const chunks = chunksOf(bytes)
  for (const compression of compressions) {
    const encode = () => encodeFrame('p'.repeat(26), { frame: 0, firstChunk: 0 }, chunks, compression)
    const frame = encode()
    const ratio = bytes.length / frame.bytes.length
    const codec = `${compression.codec}${compression.level ? ` ${compression.level}` : ''}`
    console.log(
      `  ${codec.padEnd(8)} write ${rate(encode)}   read ${rate(() => decodeFrame(frame.bytes, 'p'.repeat(26)))}   ${ratio.toFixed(2)} times shorter, stored as ${frame.codec}`,
    )
  }
}

console.log('\nthe probe, for 256 KiB')
for (const [name, bytes] of Object.entries(samples)) {
  const probe = median(() => isCompressible(bytes))
  const zstd = median(() => compress(bytes, { codec: 'zstd' }))
  const gzip = median(() => compress(bytes, { codec: 'gzip' }))
  const us = (ms: number) => (ms * 1000).toFixed(0)
  console.log(
    `  ${name.padEnd(16)} ${String(isCompressible(bytes)).padEnd(5)}  ${us(probe)} us; zstd takes ${us(zstd)}, gzip ${us(gzip)}`,
  )
}

const pack = new Uint8Array(16 * 1024 * 1024).fill(5)
const parity = median(() => {
  const builder = new ParityBuilder('p'.repeat(26), 's'.repeat(26), pack.length)
  builder.add(pack)
  builder.finish()
})
console.log(`\nparity of 16 MiB   ${(pack.length / parity / 1e3).toFixed(0)} MB/s`)

function chunksOf(bytes: Uint8Array): PackChunk[] {
  return Array.from({ length: bytes.length / chunkBytes }, (_, index) => {
    const payload = bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes)
    return { digest: createHash('sha256').update(payload).digest(), rawBytes: payload.length, kind: 'full', payload }
  })
}

function rate(run: () => unknown): string {
  return `${(frameBytes / median(run) / 1e3).toFixed(0).padStart(5)} MB/s`
}

/** Milliseconds of one call. */
function median(run: () => unknown): number {
  for (let warm = 0; warm < 3; warm++) run()
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return times.toSorted((a, b) => a - b)[rounds >> 1] ?? 0
}

/** xorshift32 from 0 to 1: the same data every time. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

function recordText(): Uint8Array {
  const words = 'alpha orders fetch page cursor retry timeout parsed written remote invalid customer invoice total'.split(' ')
  const word = () => words[Math.floor(random() * words.length)] ?? ''
  let text = ''
  for (let id = 0; text.length < frameBytes; id++) {
    text += `{"id":${id},"customer":"${word()} ${word()}","amount":${Math.floor(random() * 1e5) / 100},"at":${1_760_000_000_000 + Math.floor(random() * 1e9)}}\n`
  }
  return Buffer.from(text).subarray(0, frameBytes)
}

/** A sensor: slow change, read to a thousandth. */
function floatSeries(): Float64Array {
  let value = 20
  return Float64Array.from({ length: frameBytes / 8 }, () => {
    value += (random() - 0.5) / 10
    return Math.round(value * 1000) / 1000
  })
}

function bytesOf(array: Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
