import { isDeepStrictEqual } from 'node:util'
import type { Store } from '../engine/store.ts'
import type { SeededRandom } from './seeded-random.ts'

/** What a simulated process saves: the three things a checkpoint can hold. */
export type SavedContent =
  | { readonly kind: 'value'; readonly value: unknown; readonly paths: readonly string[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'rows'; readonly rows: readonly unknown[] }

export interface BlobState {
  readonly step: number
  readonly blob: Uint8Array
  readonly notes: readonly string[]
}

/** A state whose large part no compression makes shorter: from 64 KiB on it needs a pack of its own. */
export function blobState(random: SeededRandom, blobBytes: number): BlobState {
  return { step: 0, blob: random.bytes(blobBytes), notes: Array.from({ length: 12 }, () => hex(random, 40)) }
}

/** The next state: a few bytes of it are others, or a stretch of `fresh` bytes of its blob. */
export function nextState(state: BlobState, random: SeededRandom, fresh = 8): BlobState {
  const blob = state.blob.slice()
  if (blob.length > fresh) blob.set(random.bytes(fresh), random.integer(blob.length - fresh))
  const notes = [...state.notes]
  notes[random.integer(notes.length)] = hex(random, 40)
  return { step: state.step + 1, blob, notes }
}

/** About 6 KiB, so that it rides in the log record: as chunks, not as it is. */
export const recordState = (random: SeededRandom): BlobState => blobState(random, 6_000)

export const stateContent = (value: BlobState): SavedContent => ({
  kind: 'value',
  value,
  paths: ['step', 'notes[3]', 'blob', 'notes'],
})

export function saveOptionsOf(
  content: SavedContent,
): { readonly value: unknown } | { readonly bytes: Uint8Array } | { readonly rows: readonly unknown[] } {
  switch (content.kind) {
    case 'value':
      return { value: content.value }
    case 'bytes':
      return { bytes: content.bytes }
    case 'rows':
      return { rows: content.rows }
  }
}

/** Loads a checkpoint, now and then by its other ways in; undefined if all is as it was saved, else what is not. */
export async function differenceOf(
  store: Store,
  id: string,
  content: SavedContent,
  random: SeededRandom,
): Promise<string | undefined> {
  const { value } = await store.load(id)
  const expected = content.kind === 'value' ? content.value : content.kind === 'bytes' ? content.bytes : [...content.rows]
  if (!isSame(value, expected)) return 'its value'
  if (content.kind === 'value' && content.paths.length > 0 && random.bool(0.5)) {
    const path = random.pick(content.paths)
    const part = await store.load(id, { path })
    if (!isSame(part.value, partAt(content.value, path))) return `its ${path}`
  } else if (content.kind === 'bytes' && random.bool(0.3)) {
    if (!isSame(Buffer.concat(await all(store.loadBytes(id))), content.bytes)) return 'its stream of bytes'
  } else if (content.kind === 'rows' && random.bool(0.3)) {
    if (!isSame(await all(store.loadRows(id)), expected)) return 'its stream of rows'
  }
  return undefined
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

function isSame(found: unknown, expected: unknown): boolean {
  if (found instanceof Uint8Array && expected instanceof Uint8Array) return Buffer.compare(found, expected) === 0
  return isDeepStrictEqual(found, expected)
}

function partAt(value: unknown, path: string): unknown {
  let part = value
  for (const name of path.split(/[.[\]]/)) {
    if (name === '') continue
    part = typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined
  }
  return part
}

const hex = (random: SeededRandom, length: number): string => Buffer.from(random.bytes(length / 2)).toString('hex')
