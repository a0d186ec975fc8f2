import { Buffer } from 'node:buffer'

/** Longest magnitude that a bigint can have in V8. */
export const longestBigIntBytes = 2 ** 27

/** Most significant byte first, without leading zeros; nothing for 0. */
export function bytesOfMagnitude(magnitude: bigint): Uint8Array {
  if (magnitude === 0n) return new Uint8Array()
  const hex = magnitude.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

export function magnitudeOfBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`)
}
