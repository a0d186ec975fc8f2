import type { Random } from './clock.ts'

/** From 0 to below 1: 53 random bits. */
export function randomFraction(random: Random): number {
  const bytes = Buffer.from(random.bytes(8))
  return Number(bytes.readBigUInt64LE(0) >> 11n) / 2 ** 53
}
