import type { CompressionCodec, Compressors, FileMetaData, RowGroup, SchemaElement } from 'hyparquet'
import type { InputFile } from './input-file.ts'
import { UnreadableColumn } from './parquet-faults.ts'
import { checkPages } from './parquet-pages.ts'

/**
 * Looks at the pages of a row group before the library reads it: what it reads afterwards comes from the cache of the system.
 *
 * @throws Error saying what is wrong
 */
export async function checkGroup(
  file: InputFile,
  { schema }: FileMetaData,
  group: RowGroup | undefined,
  compressors: Compressors,
): Promise<void> {
  for (const { meta_data: column } of group?.columns ?? []) {
    if (column === undefined || group === undefined) continue
    checkCodec(column.codec, column.path_in_schema.join('.'), compressors)
    const levels = levelsOf(schema, column.path_in_schema)
    if (levels.mostRepetition === 0 && column.num_values !== group.num_rows)
      throw new Error(
        `a row group has ${group.num_rows} rows, but ${column.num_values} values of ${column.path_in_schema.join('.')}`,
      )
    const start = Number(column.dictionary_page_offset || column.data_page_offset)
    const length = Number(column.total_compressed_size)
    if (!(start >= 0 && length >= 0)) throw new Error(`a column begins at byte ${start} and has ${length} bytes`)
    const bytes = await file.read(start, length)
    if (bytes.length !== length) throw new Error(`the file ends at byte ${start + bytes.length}, before ${start + length}`)
    checkPages(bytes, column, { codec: column.codec, compressors, type: column.type, ...levels })
  }
}

/** A number that Parquet has no codec for, the library gives as none. */
function checkCodec(codec: CompressionCodec | undefined, column: string, compressors: Compressors): void {
  if (codec === 'UNCOMPRESSED' || (codec !== undefined && compressors[codec] !== undefined)) return
  throw new UnreadableColumn(
    `the column ${column} is compressed with ${codec ?? 'a codec that Parquet does not have'}, for which there is no reader`,
    'Write the file with another compression: zstd, snappy, gzip, brotli, lz4 or none.',
    { column, codec: codec ?? 'unknown' },
  )
}

/** The largest levels there can be on a path: how often it repeats, and how often it may have no value. */
function levelsOf(
  schema: readonly SchemaElement[],
  path: readonly string[],
): { readonly mostRepetition: number; readonly mostDefinition: number } {
  let mostRepetition = 0
  let mostDefinition = 0
  let at = 0
  for (const name of path) {
    at = childAt(schema, at, name)
    const repetition = schema[at]?.repetition_type
    if (repetition === 'REPEATED') mostRepetition++
    if (repetition !== 'REQUIRED') mostDefinition++
  }
  return { mostRepetition, mostDefinition }
}

function childAt(schema: readonly SchemaElement[], parent: number, name: string): number {
  let at = parent + 1
  for (let left = schema[parent]?.num_children ?? 0; left > 0; left--) {
    if (schema[at]?.name === name) return at
    for (let open = 1; open > 0; at++) open += (schema[at]?.num_children ?? 0) - 1
  }
  throw new Error(`a row group names the column ${name}, which there is not`)
}
