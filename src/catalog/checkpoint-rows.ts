import { crc32 } from 'node:zlib'
import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import { comparedText, type MetadataValue, metadataValues } from '../model/metadata-values.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { keyText } from './key-text.ts'
import type { SqlValue } from './sql-terms.ts'
import type { SqliteConnection, SqlRow } from './sqlite-connection.ts'
import { type Column, damagedRow } from './sqlite-rows.ts'

export const checkpointColumns = [
  'id',
  'ord',
  'run',
  'stage',
  'type',
  'status',
  'pinned',
  'created_at',
  'logical_bytes',
  'stored_bytes',
  'expires_at',
] as const

/** A checkpoint as it is stored: a row, its tags and its metadata. */
export interface CheckpointRow {
  readonly view: CheckpointView
  readonly columns: readonly Column[]
  /** Of the body only, so that a list need not read the columns; whether those led to the right row, the view itself shows. */
  readonly checksum: number
  readonly body: Uint8Array
  /** Each once. */
  readonly tags: readonly string[]
  readonly attributes: readonly (readonly [key: string, value: SqlValue])[]
}

export function checkpointRow(view: CheckpointView): CheckpointRow {
  const body = encodeValue(packed(view))
  return {
    view,
    columns: [
      keyText(view.id),
      view.order,
      view.run === undefined ? null : keyText(view.run),
      view.stage === undefined ? null : keyText(view.stage),
      keyText(view.type),
      view.status ?? 'active',
      view.pins === undefined || view.pins.length === 0 ? 0 : 1,
      view.createdAt,
      view.logicalBytes,
      view.storedBytes,
      view.expiresAt ?? null,
    ],
    checksum: bodyChecksum(body),
    body,
    tags: [...new Set(view.tags)].map(keyText),
    attributes: Array.from(metadataValues(view.metadata), ([key, value]) => [keyText(key), attributeValue(value)]),
  }
}

/**
 * The view of a row that holds `checksum` and `body`.
 *
 * @throws WaymarkError `corrupt` if it is not what was written
 */
export function readCheckpointRow(connection: SqliteConnection, row: SqlRow): CheckpointView {
  const body = row['body']
  if (!(body instanceof Uint8Array) || row['checksum'] !== bodyChecksum(body)) throw damagedRow(connection, 'checkpoint')
  return unpacked(decodeValue(body) as PackedCheckpoint)
}

const bodyChecksum = (body: Uint8Array): number => crc32(body, 0x63686b)

/** Without names, which makes reading a page twice as fast; what is rare goes last, with its name. */
type PackedCheckpoint = readonly [
  id: string,
  order: number,
  createdAt: number,
  type: string,
  run: string | null,
  stage: string | null,
  tags: readonly string[],
  metadata: Readonly<Record<string, unknown>>,
  digest: string,
  encoding: CheckpointView['encoding'],
  logicalBytes: number,
  storedBytes: number,
  contentKind: CheckpointView['content'] | 'inline' | 'chunks',
  segment: string,
  offset: number,
  length: number,
  rest: object | null,
]

function packed(view: CheckpointView): PackedCheckpoint {
  const { id, order, createdAt, type, run, stage, tags, metadata, digest, encoding, logicalBytes, storedBytes } = view
  const { content, record } = view
  return [
    id,
    order,
    createdAt,
    type,
    run ?? null,
    stage ?? null,
    tags,
    metadata,
    digest,
    encoding,
    logicalBytes,
    storedBytes,
    content.kind === 'pack' ? content : content.kind,
    record.segment,
    record.offset,
    record.length,
    restOf(view),
  ]
}

const packedNames: ReadonlySet<string> = new Set(
  'id order createdAt type run stage tags metadata digest encoding logicalBytes storedBytes content record'.split(' '),
)

/** What has no place of its own; null where there is nothing, which is looked for first: most rows are so. */
function restOf(view: CheckpointView): object | null {
  const names = Object.keys(view)
  if (names.every(name => packedNames.has(name))) return null
  return Object.fromEntries(Object.entries(view).filter(([name]) => !packedNames.has(name)))
}

function unpacked(row: PackedCheckpoint): CheckpointView {
  const [id, order, createdAt, type, run, stage, tags, metadata, digest, encoding, logicalBytes, storedBytes, content] = row
  const view = {
    id,
    ...(run === null ? {} : { run }),
    ...(stage === null ? {} : { stage }),
    type,
    createdAt,
    order,
    tags,
    metadata,
    digest,
    encoding,
    logicalBytes,
    storedBytes,
    content: typeof content === 'string' ? { kind: content } : content,
    record: { segment: row[13], offset: row[14], length: row[15] },
  }
  return row[16] === null ? view : { ...view, ...row[16] }
}

/** Kinds that SQLite has not, as bytes, which it sorts after numbers and texts. */
const nullValue = Uint8Array.of(0)
const falseValue = Uint8Array.of(1)
const trueValue = Uint8Array.of(2)
/** Anything that is not one comparable value. */
export const listValue = Uint8Array.of(3)

/** As it stands in the table of attributes: texts only by their beginning. */
export function attributeValue(value: MetadataValue): SqlValue {
  if (typeof value === 'string') return comparedText(value)
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? trueValue : falseValue
  return value === null ? nullValue : listValue
}
