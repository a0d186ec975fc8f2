import type { ColumnFacts, TableFacts, TimeFacts } from '../model/table-facts.ts'
import { type CanonicalColumn, canonicalColumn } from './canonical-column.ts'
import { ColumnSpace } from './column-space.ts'
import type { ColumnarTable, ColumnType } from './columnar.ts'
import { distinctValues } from './facts-distinct.ts'
import { frequencyOf } from './facts-frequency.ts'
import { type NumberFacts, numberFacts } from './facts-numbers.ts'
import { textRange } from './facts-text.ts'
import { columnTimes, isTimeType } from './facts-times.ts'
import { factValue } from './facts-value.ts'
import { plainType } from './plain-type.ts'
import { typeText } from './type-text.ts'

export type { ColumnFacts, TableFacts, TimeFacts }

/**
 * The shape of a table and what its columns hold.
 *
 * @param table Valid: its buffers hold what its counts and offsets say.
 * @example
 * tableFacts(prices).time // { column: 'date', from: '2024-01-02', to: '2024-12-31', frequency: 'business daily', missingSteps: 9 }
 */
export function tableFacts(table: ColumnarTable): TableFacts {
  const timeAt = table.fields.findIndex(({ type }) => isTimeType(plainType(type)))
  let time: TimeFacts | undefined
  const space = new ColumnSpace()
  const columns = table.fields.map(({ name, type }, at) => {
    const column = canonicalColumn(table, at, space)
    const facts = columnFacts(name, type, column)
    if (at === timeAt) time = timeFacts(facts, plainType(type), column)
    return facts
  })
  return { rows: table.rowCount, columns, ...(time && { time }) }
}

function columnFacts(name: string, type: ColumnType, column: CanonicalColumn): ColumnFacts {
  const plain = plainType(type)
  const { count, isEstimate } = distinctValues(column)
  const nulls = nullCount(column, plain)
  return {
    name,
    type: typeText(type),
    nulls,
    distinct: Math.min(count, column.rowCount - nulls),
    ...(isEstimate && { distinctIsEstimate: true }),
    ...valueFacts(column, plain),
  }
}

function valueFacts(column: CanonicalColumn, type: ColumnType): Partial<ColumnFacts> {
  if (column.kind === 'variable') {
    const range = type.kind === 'utf8' ? textRange(column) : undefined
    return range ? rangeFacts(column, type, range) : {}
  }
  switch (type.kind) {
    case 'bool':
      return meanFacts(numberFacts(column, type), 0)
    case 'int':
    case 'float':
    case 'duration':
    case 'decimal': {
      const facts = numberFacts(column, type)
      return { ...rangeFacts(column, type, facts), ...meanFacts(facts, type.kind === 'decimal' ? type.scale : 0) }
    }
    case 'date':
    case 'time':
    case 'timestamp':
      return rangeFacts(column, type, numberFacts(column, type))
    default:
      return {}
  }
}

function rangeFacts(
  column: CanonicalColumn,
  type: ColumnType,
  { minRow, maxRow }: { readonly minRow: number; readonly maxRow: number },
): Partial<ColumnFacts> {
  return minRow < 0 ? {} : { min: factValue(column, type, minRow), max: factValue(column, type, maxRow) }
}

function meanFacts({ mean, nans, infinities }: NumberFacts, scale: number): Partial<ColumnFacts> {
  return {
    ...(mean !== undefined && { mean: mean / 10 ** scale }),
    ...(nans > 0 && { nans }),
    ...(infinities > 0 && { infinities }),
  }
}

function timeFacts(facts: ColumnFacts, type: ColumnType, column: CanonicalColumn): TimeFacts | undefined {
  if (facts.min === undefined || facts.max === undefined || column.kind !== 'fixed' || !isTimeType(type)) return
  const inUtc = frequencyOf(columnTimes(column, type, false))
  const frequency = inUtc?.name === 'irregular' ? frequencyOf(columnTimes(column, type, true)) : inUtc
  return {
    column: facts.name,
    from: String(facts.min),
    to: String(facts.max),
    ...(frequency && { frequency: frequency.name }),
    ...(frequency?.missing && { missingSteps: frequency.missing }),
  }
}

function nullCount({ rowCount, present }: CanonicalColumn, type: ColumnType): number {
  if (type.kind === 'null') return rowCount
  if (present === undefined) return 0
  let nulls = 0
  for (let row = 0; row < rowCount; row++) nulls += 1 - (present[row] ?? 0)
  return nulls
}
