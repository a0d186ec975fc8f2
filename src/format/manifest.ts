import { WaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { decodeValue } from './decode-value.ts'
import { encodeValue } from './encode-value.ts'

/** Where a pack is: a file by the pack's id, or inside the checkpoint of a log record. The pack that rides in the manifest's own record is named by its id, like a file. */
export type PackReference = string | RecordPosition

/** Chunks of one pack that follow one another, there and in the stream. */
export interface ChunkRun {
  /** Index into {@link Manifest.packs}. */
  readonly pack: number
  /** Number of the first chunk within the pack. */
  readonly first: number
  readonly count: number
  /** Raw bytes of all of them. */
  readonly bytes: number
}

/**
 * What makes the bytes of a checkpoint: the chunks of the runs, one behind the other. Written in the checkpoint's log record (`docs/format.md`):
 *
 *     { packs: [pack id | [segment index, offset, length] …], segments: [segment id …], runs: [pack, first, count, bytes …], list?: true, outline? }
 *
 * With `list`, the chunks are the bytes of the manifest proper: one too large for the record is itself cut and kept like any bytes, so that a large, little changed state writes little.
 */
export interface Manifest {
  readonly packs: readonly PackReference[]
  readonly runs: readonly ChunkRun[]
  readonly list: boolean
  /** Where the large parts of the value begin (`outline.ts`), encoded. */
  readonly outline?: Uint8Array
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  const segments: string[] = []
  const packs = manifest.packs.map(reference => {
    if (typeof reference === 'string') return reference
    let index = segments.lastIndexOf(reference.segment)
    if (index < 0) index = segments.push(reference.segment) - 1
    return [index, reference.offset, reference.length]
  })
  const runs = manifest.runs.flatMap(run => [run.pack, run.first, run.count, run.bytes])
  return encodeValue({
    packs,
    segments,
    runs,
    ...(manifest.list ? { list: true } : {}),
    ...(manifest.outline === undefined ? {} : { outline: manifest.outline }),
  })
}

/** @throws WaymarkError `corrupt` if the bytes are no manifest */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const content = decodeValue(bytes)
  if (!isRecord(content)) throw damagedManifest('it is no map')
  const { packs, segments, runs, list, outline } = content
  if (!Array.isArray(packs) || !Array.isArray(segments) || !Array.isArray(runs)) throw damagedManifest('a list is missing')
  if (outline !== undefined && !(outline instanceof Uint8Array)) throw damagedManifest('its outline is no bytes')
  const references = packs.map(pack => referenceOf(pack, segments))
  return {
    packs: references,
    runs: runsOf(runs, references.length),
    list: list === true,
    ...(outline === undefined ? {} : { outline }),
  }
}

/** Bytes that the chunks add up to. */
export function manifestBytes(manifest: Manifest): number {
  let bytes = 0
  for (const run of manifest.runs) bytes += run.bytes
  return bytes
}

function referenceOf(pack: unknown, segments: readonly unknown[]): PackReference {
  if (typeof pack === 'string') return pack
  if (Array.isArray(pack) && pack.length === 3) {
    const [index, offset, length] = pack
    const segment: unknown = isCount(index) ? segments[index] : undefined
    if (typeof segment === 'string' && isCount(offset) && isCount(length)) return { segment, offset, length }
  }
  throw damagedManifest('a pack is not named as one')
}

function runsOf(numbers: readonly unknown[], packs: number): ChunkRun[] {
  if (numbers.length % 4 !== 0) throw damagedManifest('a run is incomplete')
  const runs: ChunkRun[] = []
  let total = 0
  for (let at = 0; at < numbers.length; at += 4) {
    const [pack, first, count, bytes] = [numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]]
    if (!isCount(pack) || !isCount(first) || !isCount(count) || !isCount(bytes) || pack >= packs || count === 0) {
      throw damagedManifest('a run is no run')
    }
    total += bytes
    if (!Number.isSafeInteger(total)) throw damagedManifest('it is longer than anything')
    runs.push({ pack, first, count, bytes })
  }
  return runs
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function damagedManifest(how: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `the manifest of a checkpoint is damaged: ${how}`,
    means: 'This checkpoint cannot be loaded; others are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or run the work again with --redo STAGE.',
  })
}
