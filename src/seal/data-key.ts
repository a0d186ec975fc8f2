import { hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Random } from '../model/clock.ts'

/** A secret of 256 bits under which files of a store are sealed. It never seals anything itself: each file has keys of its own, derived from it. */
export interface DataKey {
  /** 20 hex digits, derived from the secret: a key is what its id says, so nobody can pass off one key as another. */
  readonly id: string
  readonly secret: Uint8Array
  /** Wall milliseconds. */
  readonly createdAt: number
  /** Bytes that the checkpoints of the store took when it was made: what has been added since tells how much it has sealed. Absent: none. */
  readonly storedBytes?: number
}

export const dataKeyLength = 32
const idLength = 10

export function newDataKey(random: Random, createdAt: number, storedBytes?: number): DataKey {
  const secret = random.bytes(dataKeyLength)
  return { id: idOf(secret), secret, createdAt, ...(storedBytes !== undefined && { storedBytes }) }
}

/** The key of this secret, if that is the one the id was made for. */
export function dataKeyOf(id: string, secret: Uint8Array, createdAt: number, storedBytes?: number): DataKey | undefined {
  const made = Buffer.from(idOf(secret))
  const asked = Buffer.from(id)
  if (made.length !== asked.length || !timingSafeEqual(made, asked)) return undefined
  return { id, secret, createdAt, ...(storedBytes !== undefined && { storedBytes }) }
}

const idOf = (secret: Uint8Array): string => derive(secret, new Uint8Array(0), 'waymark/key id/1', idLength).toString('hex')

/** HKDF with SHA-256 (RFC 5869). */
export function derive(secret: Uint8Array, salt: Uint8Array, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, purpose, length))
}
