import { WaymarkError } from '../model/errors.ts'
import type { ColumnType } from '../tables/columnar.ts'
import { readSchemaType } from '../tables/read-schema-type.ts'
import { typeText } from '../tables/type-text.ts'
import type { CsvColumnKind } from './csv-column-kind.ts'

/**
 * How texts become values of a type that the caller named for a column: other ways to write a number (`1e5`, `1.10`, `+7`) are taken too.
 *
 * @throws WaymarkError `invalid` for what is no type, `unsupported` for one that a CSV field cannot hold
 */
export function csvNamedType(given: string | ColumnType, column: string): CsvColumnKind {
  const type = readSchemaType(given, column)
  const [fits, value] = readerOf(type, column)
  return { type: typeText(type), fits: text => fits.test(text), value }
}

const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^(NaN|[+-]?Infinity)$/
const time = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,3}0*)?)?Z?$/

function readerOf(type: ColumnType, column: string): readonly [RegExp, (text: string) => unknown] {
  switch (type.kind) {
    case 'utf8':
      return [/^/, text => text]
    case 'bool':
      return [/^(true|false)$/i, text => text.toLowerCase() === 'true']
    case 'int':
      return [/^[+-]?\d+$/, text => BigInt(text.replace(/^\+/, ''))]
    case 'float':
      return [number, Number]
    case 'decimal':
      return [/^[+-]?\d+(\.\d+)?$/, text => text.replace(/^\+/, '')]
    case 'date':
      return [/^\d{4}-\d\d-\d\d$/, text => new Date(`${text}T00:00:00Z`)]
    case 'timestamp':
      return [time, text => new Date(`${text.replace(' ', 'T').replace(/Z$/, '')}Z`)]
    default:
      throw new WaymarkError('unsupported', {
        message: `the column ${JSON.stringify(column)} is to be of the type ${typeText(type)}, which a field of a CSV file cannot hold`,
        means: 'Nothing was saved.',
        remedy: 'Name another type (utf8 keeps the text as it is), or import the table from Parquet or Arrow.',
        details: { column },
      })
  }
}
