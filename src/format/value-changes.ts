import { Buffer } from 'node:buffer'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { Codec } from './codec.ts'
import { encodeParts } from './encode-parts.ts'
import type { Outline } from './outline.ts'
import { type PathStep, parsePath } from './parse-path.ts'
import { defaultMaxDepth } from './value-depth.ts'
import type { WrittenTable } from './written-table.ts'

/** A value as it will stand among the bytes of another. */
export interface EncodedValue {
  readonly bytes: Uint8Array
  /** Where the content of large binary leaves lies in them, in order. */
  readonly blobs: readonly BlobRange[]
  readonly outline: Outline | undefined
  /** Their paths are those inside this value, their facts are worked out. */
  readonly tables: readonly WrittenTable[]
}

export interface BlobRange {
  readonly offset: number
  readonly length: number
}

/** What shall be different at one path. */
export interface ValueChange {
  readonly path: string
  readonly steps: readonly PathStep[]
  /** What shall be there; undefined: nothing. */
  readonly value: EncodedValue | undefined
}

/** Changes by path, in the order in which new keys are appended: an object, a Map, or pairs. */
export type SetByPath =
  | Readonly<Record<string, unknown>>
  | ReadonlyMap<string, unknown>
  | readonly (readonly [path: string, value: unknown])[]

/**
 * Reads the values and paths of changes, at once: the values may be changed afterwards.
 *
 * @throws WaymarkError `invalid` for a path that cannot be understood, or naming the path of what cannot be stored; `limit`
 */
export function encodeChanges(
  set: SetByPath | undefined,
  remove: readonly string[] | undefined,
  codecs: readonly Codec[],
): readonly ValueChange[] {
  const changes: ValueChange[] = []
  for (const [path, value] of entriesOf(set ?? [])) {
    const steps = stepsOf(path)
    changes.push({ path, steps, value: encodedAt(path, steps.length, value, codecs) })
  }
  for (const path of remove ?? []) changes.push({ path, steps: stepsOf(path), value: undefined })
  if (changes.length > 0) return changes
  throw refusedChange(
    'invalid',
    '',
    'there is nothing to change',
    "Name what shall change: { set: { 'metrics.loss': 0.4 }, remove: ['old'] }.",
  )
}

/** A change that cannot be made. */
export function refusedChange(
  code: 'invalid' | 'not_found' | 'unsupported',
  path: string,
  problem: string,
  remedy: string,
  details: Readonly<Record<string, unknown>> = {},
): WaymarkError {
  return new WaymarkError(code, {
    message: path === '' ? `The value cannot be changed: ${problem}.` : `Cannot change ${path}: ${problem}.`,
    means: 'Nothing was saved; what was saved before is untouched.',
    remedy,
    details: { path, ...details },
  })
}

function entriesOf(set: SetByPath): Iterable<readonly [string, unknown]> {
  if (set instanceof Map) return set
  return isPairs(set) ? set : Object.entries(set)
}

const isPairs = (set: SetByPath): set is readonly (readonly [string, unknown])[] => Array.isArray(set)

function stepsOf(path: unknown): readonly PathStep[] {
  if (typeof path === 'string') return parsePath(path)
  throw refusedChange(
    'invalid',
    String(path),
    'a path is a text',
    'Write it as metrics.loss, orders[3].total or byId[map key "a"].',
  )
}

/** @param depth how many containers will be around the value */
function encodedAt(path: string, depth: number, value: unknown, codecs: readonly Codec[]): EncodedValue {
  try {
    const encoded = encodeParts(value, { codecs, outline: true })
    const bytes = Buffer.concat(encoded.parts.flatMap(part => part.pieces))
    const blobs = encoded.parts.filter(part => part.kind === 'blob').map(({ offset, length }) => ({ offset, length }))
    const { outline, tables } = encoded
    // Now, while the value is what was written.
    for (const table of tables) void table.facts
    encoded.release()
    // Each level takes a byte at least.
    if (bytes.length + depth > defaultMaxDepth) encodeParts(inside(value, depth), { codecs }).release()
    return { bytes, blobs, outline, tables }
  } catch (error) {
    if (!isWaymarkError(error) || path === '') throw error
    const { code, message, means, remedy, cause, details } = error
    throw new WaymarkError(code, {
      message: `Cannot set ${path}. ${message}`,
      means,
      remedy,
      cause,
      details: { ...details, path, inside: details['path'] },
    })
  }
}

/** The value as deep as it will lie: whether that is too deep, the encoder knows. */
function inside(value: unknown, depth: number): unknown {
  let nested = value
  for (let level = 0; level < depth; level++) nested = [nested]
  return nested
}
