import type { Buffer } from 'node:buffer'

/** Up to here `set` is quicker than a call of Node. */
const leastForCall = 128

/** Copies bytes that may lie in shared memory, which `set` reads one by one (330 bytes: 0.5 µs instead of 0.1). */
export function copyShared(source: Buffer, from: number, to: number, target: Uint8Array, at: number): void {
  if (to - from < leastForCall) target.set(source.subarray(from, to), at)
  else source.copy(target, at, from, to)
}
