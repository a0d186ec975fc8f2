import type { DuckDBValue } from '@duckdb/node-api'
import { WaymarkError } from '../model/errors.ts'
import type { Cell, IntervalCell } from '../tables/arrow-cell.ts'
import { bigOf, isInterval, listOf, unionOf } from '../tables/cell-parts.ts'
import type { ColumnField, ColumnType, TimeUnit } from '../tables/columnar.ts'
import { typeText } from '../tables/type-text.ts'
import type { DuckDBLibrary } from './duckdb-library.ts'

/** A column as DuckDB has it. */
export interface DuckDBTarget {
  /** Its type in SQL. */
  readonly sql: string
  /** @throws WaymarkError `unsupported` for a value that the type cannot hold */
  readonly give: (cell: Cell) => DuckDBValue
}

/** @throws WaymarkError `unsupported` naming the column and the type that DuckDB has not */
export function duckDBTarget(library: DuckDBLibrary, { name, type, metadata }: ColumnField): DuckDBTarget {
  return new Targets(library, name).of(type, metadata?.get('ARROW:extension:name') === 'arrow.uuid')
}

class Targets {
  readonly #library: DuckDBLibrary
  readonly #column: string

  constructor(library: DuckDBLibrary, column: string) {
    this.#library = library
    this.#column = column
  }

  of(type: ColumnType, isUuid = false): DuckDBTarget {
    const { sql, give } = this.#flat(type, isUuid) ?? this.#nested(type)
    return { sql, give: cell => (cell === null ? null : give(cell)) }
  }

  #flat(type: ColumnType, isUuid: boolean): DuckDBTarget | undefined {
    const { blobValue, dateValue, DuckDBDecimalValue, DuckDBUUIDValue, timestampMillisValue } = this.#library
    switch (type.kind) {
      case 'null':
        return { sql: 'INTEGER', give: () => null }
      case 'bool':
        return { sql: 'BOOLEAN', give: flat }
      case 'int':
        return {
          sql: `${type.signed ? '' : 'U'}${{ 8: 'TINYINT', 16: 'SMALLINT', 32: 'INTEGER', 64: 'BIGINT' }[type.bits]}`,
          give: flat,
        }
      case 'float':
        return { sql: type.bits === 64 ? 'DOUBLE' : 'FLOAT', give: flat }
      case 'decimal': {
        const { precision, scale } = type
        if (precision > 38 || scale < 0 || scale > precision) throw this.#noType(type)
        return { sql: `DECIMAL(${precision},${scale})`, give: cell => new DuckDBDecimalValue(bigOf(cell), precision, scale) }
      }
      case 'utf8':
        return { sql: 'VARCHAR', give: flat }
      case 'fixed-binary':
        if (isUuid && type.bytes === 16)
          return {
            sql: 'UUID',
            give: cell => DuckDBUUIDValue.fromUint128(BigInt(`0x${Buffer.from(bytesOf(cell)).toString('hex')}`)),
          }
        return { sql: 'BLOB', give: cell => blobValue(bytesOf(cell)) }
      case 'binary':
        return { sql: 'BLOB', give: cell => blobValue(bytesOf(cell)) }
      case 'date':
        if (type.unit === 'ms') return { sql: 'TIMESTAMP_MS', give: cell => timestampMillisValue(bigOf(cell)) }
        return { sql: 'DATE', give: cell => dateValue(Number(cell)) }
      case 'time':
        return this.#time(type.unit)
      case 'timestamp':
        return this.#timestamp(type.unit, type.timezone !== undefined)
      case 'duration':
        return { sql: 'INTERVAL', give: cell => this.#interval(0, 0, this.#micros(bigOf(cell), type.unit)) }
      case 'interval':
        return {
          sql: 'INTERVAL',
          give: cell => {
            const { months, days, nanoseconds } = intervalOf(cell)
            return this.#interval(months, days, this.#micros(nanoseconds, 'ns'))
          },
        }
      default:
        return undefined
    }
  }

  #nested(type: ColumnType): DuckDBTarget {
    const { arrayValue, listValue, mapValue, structValue, unionValue } = this.#library
    switch (type.kind) {
      case 'list':
      case 'fixed-list': {
        const item = this.of(type.item.type)
        const isArray = type.kind === 'fixed-list' && type.size > 0
        return {
          sql: isArray ? `${item.sql}[${type.size}]` : `${item.sql}[]`,
          give: cell => (isArray ? arrayValue : listValue)(listOf(cell).map(item.give)),
        }
      }
      case 'struct': {
        if (type.fields.length === 0) throw this.#noType(type)
        const fields = type.fields.map(field => ({ name: field.name, ...this.of(field.type) }))
        return {
          sql: `STRUCT(${fields.map(({ name, sql }) => `${quotedName(name)} ${sql}`).join(', ')})`,
          give: cell => {
            const cells = listOf(cell)
            return structValue(Object.fromEntries(fields.map(({ name, give }, at) => [name, give(cells[at] ?? null)])))
          },
        }
      }
      case 'map': {
        const [key, value] = type.entries.type.kind === 'struct' ? type.entries.type.fields.map(field => this.of(field.type)) : []
        if (key === undefined || value === undefined) throw this.#noType(type)
        return {
          sql: `MAP(${key.sql}, ${value.sql})`,
          give: cell =>
            mapValue(
              listOf(cell).map(entry => {
                const [name = null, part = null] = listOf(entry)
                return { key: key.give(name), value: value.give(part) }
              }),
            ),
        }
      }
      case 'union': {
        const fields = type.fields.map(field => ({ name: field.name, ...this.of(field.type) }))
        return {
          sql: `UNION(${fields.map(({ name, sql }) => `${quotedName(name)} ${sql}`).join(', ')})`,
          give: cell => {
            const { field, value } = unionOf(cell)
            return unionValue(fields[field]?.name ?? '', fields[field]?.give(value) ?? null)
          },
        }
      }
      case 'dictionary':
        return this.of(type.values)
      default:
        throw this.#noType(type)
    }
  }

  #time(unit: TimeUnit): DuckDBTarget {
    const { timeNSValue, timeValue } = this.#library
    if (unit === 'ns') return { sql: 'TIME_NS', give: cell => timeNSValue(bigOf(cell)) }
    return { sql: 'TIME', give: cell => timeValue(this.#micros(bigOf(cell), unit)) }
  }

  #timestamp(unit: TimeUnit, isInstant: boolean): DuckDBTarget {
    const { timestampMillisValue, timestampNanosValue, timestampSecondsValue, timestampTZValue, timestampValue } = this.#library
    if (isInstant) return { sql: 'TIMESTAMPTZ', give: cell => timestampTZValue(this.#micros(bigOf(cell), unit)) }
    switch (unit) {
      case 's':
        return { sql: 'TIMESTAMP_S', give: cell => timestampSecondsValue(bigOf(cell)) }
      case 'ms':
        return { sql: 'TIMESTAMP_MS', give: cell => timestampMillisValue(bigOf(cell)) }
      case 'us':
        return { sql: 'TIMESTAMP', give: cell => timestampValue(bigOf(cell)) }
      case 'ns':
        return { sql: 'TIMESTAMP_NS', give: cell => timestampNanosValue(bigOf(cell)) }
    }
  }

  #interval(months: number, days: number, micros: bigint): DuckDBValue {
    return this.#library.intervalValue(months, days, micros)
  }

  #micros(value: bigint, unit: TimeUnit): bigint {
    if (unit === 'ns' && value % 1000n !== 0n) throw this.#cannotHold(`${value} nanoseconds, and DuckDB counts microseconds here`)
    const micros = unit === 'ns' ? value / 1000n : value * { s: 1_000_000n, ms: 1000n, us: 1n }[unit]
    if (BigInt.asIntN(64, micros) === micros) return micros
    throw this.#cannotHold('a time that is too far for microseconds in 64 bits')
  }

  #noType(type: ColumnType): WaymarkError {
    return this.#unsupported(`the column ${this.#column} is of type ${typeText(type)}, which DuckDB has not`)
  }

  #cannotHold(what: string): WaymarkError {
    return this.#unsupported(`the column ${this.#column} holds ${what}`)
  }

  #unsupported(message: string): WaymarkError {
    return new WaymarkError('unsupported', {
      message,
      means: 'Nothing was asked; the store was not changed.',
      remedy: 'Export the table as arrow, which holds every type, and work with that.',
      details: { column: this.#column },
    })
  }
}

export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`

function flat(cell: Cell): DuckDBValue {
  if (typeof cell === 'object') throw new TypeError('a nested value in a flat column')
  return cell
}
const bytesOf = (cell: Cell): Uint8Array => (cell instanceof Uint8Array ? cell : new Uint8Array())
const intervalOf = (cell: Cell): IntervalCell => (isInterval(cell) ? cell : { months: 0, days: 0, nanoseconds: 0n })
