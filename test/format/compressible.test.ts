import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as zlib from 'node:zlib'
import { isCompressible } from '../../src/format/compressible.ts'
import { randomBytesFrom, recordsOf } from './pack-building.ts'

const bytesOf = (array: Float64Array | Float32Array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)
const unit = (seed: number, count: number) =>
  Array.from(randomBytesFrom(seed, count * 4).subarray(0, count * 4 - 3))
    .map(
      (_, at, all) =>
        (((all[at] ?? 0) << 24) | ((all[at + 1] ?? 0) << 16) | ((all[at + 2] ?? 0) << 8) | (all[at + 3] ?? 0)) >>> 0,
    )
    .map(number => number / 2 ** 32)
const noise = unit(3, 16_000).slice(0, 32_768)

test('random and compressed bytes are not tried', () => {
  for (let seed = 1; seed < 200; seed++) {
    assert.equal(isCompressible(randomBytesFrom(seed * 77_777, 4097 + seed * 331)), false, `seed ${seed}`)
  }
  const text = recordsOf(1, 1_000_000)
  for (const compressed of [zlib.gzipSync(text), zlib.zstdCompressSync(text), zlib.brotliCompressSync(text)]) {
    assert.equal(isCompressible(compressed), false)
  }
})

test('text, numbers and columns of measurements are tried', () => {
  const samples: Record<string, Buffer> = {
    records: recordsOf(1, 100_000),
    base64: Buffer.from(randomBytesFrom(1, 100_000).toString('base64')),
    'floats from 0 to 1': bytesOf(Float64Array.from(noise)),
    'single floats from 0 to 1': bytesOf(Float32Array.from(noise)),
    'prices with two decimals': bytesOf(Float64Array.from(noise, each => Math.round(each * 1e5) / 100)),
    'floats of both signs and many magnitudes': bytesOf(Float64Array.from(noise, each => (each - 0.5) * 10 ** (each * 9))),
    times: bytesOf(Float64Array.from(noise, (each, at) => 1.7e12 + at * 1000 + Math.floor(each * 500))),
    zeros: Buffer.alloc(50_000),
  }
  for (const [name, bytes] of Object.entries(samples)) assert.equal(isCompressible(bytes), true, name)
})

test('bytes that are all equally frequent but repeat are tried', () => {
  assert.equal(isCompressible(Buffer.from(Uint8Array.from({ length: 100_000 }, (_, at) => at))), true)
  const block = randomBytesFrom(5, 1024)
  assert.equal(isCompressible(Buffer.concat(new Array(100).fill(block))), true)
})

test('short input is always tried', () => {
  assert.equal(isCompressible(randomBytesFrom(1, 4096)), true)
  assert.equal(isCompressible(new Uint8Array(0)), true)
})

test('bytes in shared memory are probed like others', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(100_000))
  assert.equal(isCompressible(shared), true)
  shared.set(randomBytesFrom(1, 100_000))
  assert.equal(isCompressible(shared), false)
})
