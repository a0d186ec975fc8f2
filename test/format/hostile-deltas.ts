// Run as a worker by delta.test.ts: makes deltas of bytes chosen so that searching them naively takes minutes, and checks each.
import assert from 'node:assert/strict'
import { applyDelta, encodeDelta } from '../../src/format/delta.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

const [targetBytes, baseBytes] = [2_000_000, 4_000_000]
const random = seededRandom(1)
const needle = random.bytes(16)

const period = (length: number, of: number, shift = 0) =>
  Buffer.from(Array.from({ length }, (_, at) => ((at + shift) % of) & 255))
function marked(length: number, step: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += step) bytes[at] = 1 + (at % 250)
  return bytes
}

/** One needle again and again, with other bytes between: every place of the base is a candidate, and none is any good. */
function needles(length: number, step: number): Buffer {
  const bytes = Buffer.from(random.bytes(length))
  for (let at = 0; at + step <= length; at += step) bytes.set(needle, at)
  return bytes
}

for (const [name, target, base] of [
  ['zeros', Buffer.alloc(targetBytes), Buffer.alloc(baseBytes)],
  ['zeros over ones', Buffer.alloc(targetBytes), Buffer.alloc(baseBytes, 1)],
  ['periods out of step', period(targetBytes, 7, 3), period(baseBytes, 7)],
  ['periods of near length', period(targetBytes, 31), period(baseBytes, 32)],
  ['long periods of near length', period(targetBytes, 300), period(baseBytes, 301)],
  ['zeros with marks', marked(targetBytes, 20), marked(baseBytes, 23)],
  ['zeros with fewer marks', marked(targetBytes, 33), marked(baseBytes, 40)],
  ['needles', needles(4 * targetBytes, 17), needles(4 * baseBytes, 32)],
] as const) {
  const delta = encodeDelta(target, base, target.length * 2)
  assert.ok(delta !== undefined && delta.length < target.length + 16, `${name}: ${delta?.length} bytes`)
  assert.ok(target.equals(applyDelta(delta, base, target.length)), name)
}
