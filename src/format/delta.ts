import { Buffer } from 'node:buffer'
import { WaymarkError } from '../model/errors.ts'
import { type Copy, CopyFinder } from './find-copies.ts'
import { unzigzag, VarintReader, varintLength, writeVarint, zigzag } from './varint.ts'

/**
 * A delta says how to make a target from a base (published in `docs/format.md`):
 *
 *     delta  = record*
 *     record = bytes of its own: varint | these bytes | (copied bytes × 2 + moved: varint | [moved by: zigzag varint])
 *
 * A copy starts in the base where the last one ended plus the bytes of its own since then, as if these replaced as many; "moved by"
 * is added to that. The last record ends after its own bytes if these complete the target.
 */
interface DeltaRecord {
  readonly ownFrom: number
  readonly copy: Copy
  readonly movedBy: number
}

/** A copy that begins where the limit still allows may be noticed only this many bytes later. */
const searchedBeyond = 2048

/**
 * `target` as records over `base`: equal bytes at the same distance, shifted or moved anywhere. Work is linear in both, whatever
 * they hold, and stops soon after the bytes of its own exceed `limitBytes`. Undefined if the delta would be longer than that.
 */
export function encodeDelta(target: Uint8Array, base: Uint8Array, limitBytes: number): Uint8Array | undefined {
  const finder = new CopyFinder(target, base)
  const records: DeltaRecord[] = []
  let size = 0
  let from = 0
  let expected = 0
  while (from < target.length) {
    const copy = finder.next(from, Math.min(target.length, from + limitBytes - size + searchedBeyond))
    if (copy === undefined) break
    const own = copy.target - from
    const movedBy = copy.base - expected - own
    size += varintLength(own) + own + varintLength(copyHead(copy, movedBy)) + (movedBy === 0 ? 0 : varintLength(zigzag(movedBy)))
    if (size > limitBytes) return undefined
    records.push({ ownFrom: from, copy, movedBy })
    from = copy.target + copy.length
    expected = copy.base + copy.length
  }
  const rest = target.length - from
  if (rest > 0) size += varintLength(rest) + rest
  return size > limitBytes ? undefined : writeRecords(target, records, from, size)
}

const copyHead = (copy: Copy, movedBy: number): number => copy.length * 2 + (movedBy === 0 ? 0 : 1)

function writeRecords(target: Uint8Array, records: readonly DeltaRecord[], restFrom: number, size: number): Uint8Array {
  const delta = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const { ownFrom, copy, movedBy } of records) {
    at = writeOwn(delta, at, target, ownFrom, copy.target)
    at = writeVarint(delta, at, copyHead(copy, movedBy))
    if (movedBy !== 0) at = writeVarint(delta, at, zigzag(movedBy))
  }
  if (restFrom < target.length) writeOwn(delta, at, target, restFrom, target.length)
  return delta
}

function writeOwn(delta: Uint8Array, at: number, target: Uint8Array, from: number, end: number): number {
  const start = writeVarint(delta, at, end - from)
  copyBytes(delta, start, target, from, end)
  return start + end - from
}

/**
 * The target that {@link encodeDelta} was given, from its delta and the same base. Nothing is allocated but `targetBytes`, which the
 * caller has checked against its own bounds; that the bytes are the right ones is for the caller's digest to say.
 *
 * @throws WaymarkError `corrupt` if the records are not whole, reach outside the base or do not make exactly `targetBytes`
 */
export function applyDelta(delta: Uint8Array, base: Uint8Array, targetBytes: number): Uint8Array {
  if (!Number.isInteger(targetBytes) || targetBytes < 0 || targetBytes > 0xffff_ffff) throw damagedDelta('its length is none', 0)
  const target = Buffer.allocUnsafeSlow(targetBytes)
  const reader = new VarintReader(delta)
  let at = 0
  let from = 0
  while (at < targetBytes) {
    const own = reader.next()
    const ownFrom = reader.position
    if (own === undefined || own > delta.length - ownFrom || own > targetBytes - at)
      throw damagedDelta('bytes of its own', ownFrom)
    copyBytes(target, at, delta, ownFrom, ownFrom + own)
    reader.position = ownFrom + own
    at += own
    from += own
    if (at === targetBytes && own > 0) break

    const head = reader.next()
    const movedBy = head !== undefined && head % 2 === 1 ? reader.next() : 0
    if (head === undefined || movedBy === undefined) throw damagedDelta('a copy that is cut off', reader.position)
    const length = Math.floor(head / 2)
    if (head % 2 === 1) {
      if (movedBy === 0) throw damagedDelta('a move to the same place', reader.position)
      from += unzigzag(movedBy)
    }
    if (length === 0 || length > targetBytes - at || from < 0 || from + length > base.length) {
      throw damagedDelta('a copy of what is not there', reader.position)
    }
    copyBytes(target, at, base, from, from + length)
    at += length
    from += length
  }
  if (reader.position !== delta.length) throw damagedDelta('more than makes the target', reader.position)
  return target
}

/** Below this many bytes a loop is faster than making a view for `set`. */
const loopedBytes = 48

function copyBytes(to: Uint8Array, at: number, bytes: Uint8Array, from: number, end: number): void {
  if (end - from > loopedBytes) to.set(bytes.subarray(from, end), at)
  else for (let offset = 0; from + offset < end; offset++) to[at + offset] = bytes[from + offset] ?? 0
}

function damagedDelta(problem: string, offset: number): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `A stored delta is damaged at byte ${offset}: ${problem}.`,
    means: 'The checkpoints that hold this chunk cannot be loaded; others are not affected.',
    remedy: 'Load an earlier checkpoint of the same stage, or run the stage again with --redo STAGE.',
    details: { offset },
  })
}
