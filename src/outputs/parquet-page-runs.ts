import type { CompressionCodec, Compressors, ParquetType } from 'hyparquet'
import type { PageHeader } from './parquet-pages.ts'
import { checkRuns, levelWidth } from './parquet-runs.ts'

/** What is known of a column beside its pages. */
export interface PageColumn {
  readonly codec: CompressionCodec
  readonly compressors: Compressors
  readonly type: ParquetType | undefined
  readonly mostRepetition: number
  readonly mostDefinition: number
}

const encodings = { plainDictionary: 2, rle: 3, rleDictionary: 8 } as const

/** The least that a value of a dictionary takes. */
const valueBytes = {
  BOOLEAN: 1,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
  FIXED_LEN_BYTE_ARRAY: 1,
} as const satisfies Record<ParquetType, number>

/** A page cannot unpack to more than this times its bytes: what the best codec makes of zeros. */
const mostRatio = 65_536

/**
 * Looks at the runs in a page before the library does.
 *
 * @param body the bytes behind its header
 * @throws Error saying what is wrong
 */
export function checkPageRuns(header: PageHeader, body: Uint8Array, column: PageColumn): void {
  const { kind, values } = header
  if (header.uncompressed < 0 || header.uncompressed > (body.length + 1) * mostRatio)
    throw new Error(`a page of ${body.length} bytes is to unpack to ${header.uncompressed}`)
  if (kind === 'dictionary') checkDictionary(header, body, column)
  else if (kind === 'data') checkFirstKind(header, body, column)
  else if (kind === 'data-2') {
    const { repetitionBytes, definitionBytes } = header
    const levels = repetitionBytes + definitionBytes
    if (repetitionBytes < 0 || definitionBytes < 0 || levels > body.length || levels > header.uncompressed)
      throw new Error(`a page of ${body.length} bytes has ${levels} bytes of levels`)
    if (column.mostRepetition > 0) checkRuns(body.subarray(0, repetitionBytes), levelWidth(column.mostRepetition), values)
    if (column.mostDefinition > 0) checkRuns(body.subarray(repetitionBytes, levels), levelWidth(column.mostDefinition), values)
    if (!hasRuns(header, column)) return
    const packed = body.subarray(levels)
    checkValues(header.isCompressed ? unpacked(packed, header.uncompressed - levels, column) : packed, header, column)
  }
}

function checkDictionary({ values, uncompressed }: PageHeader, body: Uint8Array, { codec, type }: PageColumn): void {
  const bytes = codec === 'UNCOMPRESSED' ? body.length : uncompressed
  if (values * valueBytes[type ?? 'BYTE_ARRAY'] > bytes) throw new Error(`a dictionary of ${bytes} bytes has ${values} values`)
}

function checkFirstKind(header: PageHeader, body: Uint8Array, column: PageColumn): void {
  if (column.mostRepetition === 0 && column.mostDefinition === 0 && !hasRuns(header, column)) return
  let bytes = unpacked(body, header.uncompressed, column)
  for (const most of [column.mostRepetition, column.mostDefinition]) {
    if (most === 0) continue
    const length = lengthAt(bytes)
    checkRuns(bytes.subarray(4, 4 + length), levelWidth(most), header.values)
    bytes = bytes.subarray(4 + length)
  }
  if (hasRuns(header, column)) checkValues(bytes, header, column)
}

const hasRuns = ({ encoding }: PageHeader, { type }: PageColumn): boolean =>
  encoding === encodings.plainDictionary ||
  encoding === encodings.rleDictionary ||
  (encoding === encodings.rle && type === 'BOOLEAN')

function checkValues(bytes: Uint8Array, { values }: PageHeader, { type }: PageColumn): void {
  if (type === 'BOOLEAN') return checkRuns(bytes.subarray(4, 4 + lengthAt(bytes)), 1, values)
  const [width = 0] = bytes
  checkRuns(bytes.subarray(1), width, values)
}

/** The library does not look where the runs end, so it must not find more than there are. */
function lengthAt(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
  if (length > bytes.length - 4) throw new Error(`runs of ${length} bytes, and ${bytes.length - 4} are left`)
  return length
}

function unpacked(bytes: Uint8Array, length: number, { codec, compressors }: PageColumn): Uint8Array {
  if (codec === 'UNCOMPRESSED') return bytes
  const unpack = compressors[codec]
  if (unpack === undefined) throw new Error(`it is compressed with ${codec}, for which there is no reader`)
  return unpack(bytes, length)
}
