import type { CheckpointTable } from '../model/checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import { blobChunks } from './cut-chunks.ts'
import { decodeValue } from './decode-value.ts'
import { describedTables } from './described-tables.ts'
import { encodeValue } from './encode-value.ts'

/*
 * A checkpoint as a file of its own (`docs/format-wmk.md`): the line `waymark-checkpoint 1\n` | bytes of the head, u32 LE | the head, CBOR | pieces of the content, each with its length, u32 LE,
 * in front | u32 0 | SHA-256 of all before it.
 */
const magicStart = 'waymark-checkpoint '
const version = '1'
export const exportMagic = `${magicStart}${version}\n`
export const exportDigestBytes = 32
const mostHeadBytes = 16 * 1024 * 1024
/** No chunk is longer. */
export const mostPieceBytes = blobChunks.maxBytes

/** What the head says. */
export interface ExportedFacts {
  readonly id: string
  readonly run?: string
  readonly stage?: string
  readonly type: string
  /** Wall milliseconds. */
  readonly createdAt: number
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  readonly description?: string
  readonly expiresAt?: number
  readonly digest: string
  readonly encoding: 'cbor' | 'bytes' | 'rows' | 'files'
  readonly rows?: number
  /** The tables in its value. */
  readonly tables?: readonly CheckpointTable[]
  readonly tableCount?: number
  /** Bytes of the content. */
  readonly logicalBytes: number
  /** Where the large parts of the value are: `outline.ts`. */
  readonly outline?: Uint8Array
}

/** Everything before the content. */
export function exportHead(facts: ExportedFacts): Uint8Array {
  const head = encodeValue(facts)
  return Buffer.concat([Buffer.from(exportMagic, 'latin1'), lengthBytes(head.length), head])
}

/** What stands before a piece, or with 0 behind the last. */
export function lengthBytes(length: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(length)
  return bytes
}

/** Whether a file that begins with these bytes says that it is an exported checkpoint, of whatever version. */
export const beginsExport = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(0, magicStart.length).toString('latin1') === magicStart

/** Gives exactly that many bytes, or rejects. */
export type TakeBytes = (length: number) => Promise<Buffer>

/** @throws WaymarkError `invalid` if it is something else, `unsupported` if a newer version wrote it, `corrupt` */
export async function readExportHead(take: TakeBytes, shown: string): Promise<ExportedFacts> {
  const magic = (await take(exportMagic.length)).toString('latin1')
  if (!magic.startsWith(magicStart)) throw notAnExport(shown)
  if (magic !== exportMagic) throw otherVersion(shown)
  const length = (await take(4)).readUInt32LE()
  if (length > mostHeadBytes) throw damagedExport(shown, 'its head is longer than one can be')
  const head = decodedHead(await take(length), shown)
  if (typeof head !== 'object' || head === null) throw damagedExport(shown, 'its head is no map')
  return factsOf(new Map(Object.entries(head)), shown)
}

function decodedHead(bytes: Uint8Array, shown: string): unknown {
  try {
    return decodeValue(bytes)
  } catch (error) {
    throw damagedExport(shown, 'its head cannot be read', error)
  }
}

function factsOf(head: ReadonlyMap<string, unknown>, shown: string): ExportedFacts {
  const wrong = (name: string): WaymarkError => damagedExport(shown, `its ${name} is none`)
  const text = (name: string): string | undefined => {
    const value = head.get(name)
    if (value !== undefined && typeof value !== 'string') throw wrong(name)
    return value
  }
  const number = (name: string): number | undefined => {
    const value = head.get(name)
    if (value !== undefined && !(typeof value === 'number' && Number.isFinite(value))) throw wrong(name)
    return value
  }
  const needed = <T>(name: string, value: T | undefined): T => {
    if (value === undefined) throw wrong(name)
    return value
  }
  const encoding = (['cbor', 'bytes', 'rows', 'files'] as const).find(one => one === head.get('encoding'))
  const logicalBytes = needed('length', number('logicalBytes'))
  if (!Number.isSafeInteger(logicalBytes) || logicalBytes < 0) throw wrong('length')
  const [run, stage, description] = [text('run'), text('stage'), text('description')]
  const [expiresAt, rows, outline] = [number('expiresAt'), number('rows'), head.get('outline')]
  const tableCount = number('tableCount')
  const tables = head.has('tables') ? needed('list of tables', describedTables(head.get('tables'))) : undefined
  if (outline !== undefined && !(outline instanceof Uint8Array)) throw wrong('outline')
  return {
    id: needed('id', text('id')),
    ...(run === undefined ? {} : { run }),
    ...(stage === undefined ? {} : { stage }),
    type: needed('type', text('type')),
    createdAt: needed('time', number('createdAt')),
    tags: needed('list of tags', textsOf(head.get('tags'))),
    metadata: needed('metadata', recordOf(head.get('metadata'))),
    ...(description === undefined ? {} : { description }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    digest: needed('digest', text('digest')),
    encoding: needed('encoding', encoding),
    ...(rows === undefined ? {} : { rows }),
    ...(tables === undefined ? {} : { tables }),
    ...(tableCount === undefined ? {} : { tableCount }),
    logicalBytes,
    ...(outline === undefined ? {} : { outline }),
  }
}

const textsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every(one => typeof one === 'string') ? value : undefined

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? Object.fromEntries(Object.entries(value)) : undefined
}

export function damagedExport(shown: string, how: string, cause?: unknown): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `${shown} is damaged: ${how}`,
    means: 'Nothing was saved; the store is as it was.',
    remedy: 'Copy the file again, or export the checkpoint again from the store it came from.',
    cause,
    details: { file: shown },
  })
}

export function notAnExport(shown: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${shown} is no exported checkpoint`,
    means: 'Nothing was saved.',
    remedy: 'Give a file that waymark export wrote, or say what it holds with --format json, jsonl or raw.',
    details: { file: shown },
  })
}

function otherVersion(shown: string): WaymarkError {
  return new WaymarkError('unsupported', {
    message: `${shown} was written by a newer version of Waymark, in a form this one does not know`,
    means: 'Nothing was saved.',
    remedy: 'Import it with that version, or a newer one.',
    details: { file: shown },
  })
}
