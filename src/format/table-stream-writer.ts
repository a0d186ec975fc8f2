import type { ColumnField } from '../tables/columnar.ts'
import type { FilledBatch } from '../tables/rows-in-batches.ts'
import { type Dictionaries, storedBatch, storedHead, type TableHead } from '../tables/stored-table.ts'
import { ByteWriter } from './byte-writer.ts'
import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { type EncodedParts, encodeParts } from './encode-parts.ts'
import { encodeValue } from './encode-value.ts'

/**
 * What stands in front of the batches of a table: with them, encoded one by one, it is the same bytes that the table would be in one piece (`docs/format-tables.md`).
 *
 * @param batchCount how many follow
 */
export function encodedTableHead(head: TableHead, batchCount: number): Uint8Array {
  const stored = storedHead(head)
  const out = new ByteWriter()
  try {
    out.head(major.tag, cborTag.table)
    out.head(major.map, Object.keys(stored).length + 1)
    // Behind the head of a map of less than 24 members, which is one byte.
    out.raw(encodeValue(stored).subarray(1))
    out.text('batches')
    out.head(major.array, batchCount)
    return out.copy()
  } finally {
    out.release()
  }
}

/** To be released when its bytes were taken. */
export function encodedBatch(
  fields: readonly ColumnField[],
  { batch, side }: FilledBatch,
  dictionaries: Dictionaries,
): EncodedParts {
  return encodeParts(storedBatch(fields, batch, side, dictionaries))
}
