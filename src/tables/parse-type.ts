import { WaymarkError } from '../model/errors.ts'
import type { ColumnField, ColumnType, TimeUnit } from './columnar.ts'

/**
 * The type that a short name means: what `typeText` makes of a type, and `date32`, `string`, `boolean`, `double` as others call them.
 *
 * @throws WaymarkError `invalid` for what is no type
 *
 * @example
 * parseType('decimal(12,2)') // { kind: 'decimal', bits: 128, precision: 12, scale: 2 }
 */
export function parseType(text: string): ColumnType {
  const parser = new TypeParser(text)
  const type = parser.type()
  parser.end()
  return type
}

const simpleTypes: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ['null', { kind: 'null' }],
  ['bool', { kind: 'bool' }],
  ['boolean', { kind: 'bool' }],
  ...([8, 16, 32, 64] as const).flatMap((bits): [string, ColumnType][] => [
    [`int${bits}`, { kind: 'int', bits, signed: true }],
    [`uint${bits}`, { kind: 'int', bits, signed: false }],
  ]),
  ...([16, 32, 64] as const).map((bits): [string, ColumnType] => [`float${bits}`, { kind: 'float', bits }]),
  ['float', { kind: 'float', bits: 32 }],
  ['double', { kind: 'float', bits: 64 }],
  ['utf8', { kind: 'utf8', large: false }],
  ['string', { kind: 'utf8', large: false }],
  ['large_utf8', { kind: 'utf8', large: true }],
  ['binary', { kind: 'binary', large: false }],
  ['large_binary', { kind: 'binary', large: true }],
  ['date', { kind: 'date', unit: 'day' }],
  ['date32', { kind: 'date', unit: 'day' }],
  ['date64', { kind: 'date', unit: 'ms' }],
])
const digitsOf = { 32: 9, 64: 18, 128: 38, 256: 76 } as const

class TypeParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  type(): ColumnType {
    const name = this.#match(/[a-z_]+\d*/y) ?? ''
    const simple = simpleTypes.get(name)
    if (simple !== undefined && !this.#comesNext('[')) return simple
    switch (name) {
      case 'date':
        return { kind: 'date', unit: this.#inBrackets(/day|ms/y) === 'day' ? 'day' : 'ms' }
      case 'time':
      case 'duration':
        return { kind: name, unit: unitOf(this.#inBrackets(/s|ms|us|ns/y)) }
      case 'timestamp':
        return this.#timestamp()
      case 'interval': {
        const unit = this.#inBrackets(/year-month|day-time|month-day-nano/y)
        return { kind: 'interval', unit: unit === 'year-month' || unit === 'day-time' ? unit : 'month-day-nano' }
      }
      case 'decimal':
      case 'decimal32':
      case 'decimal64':
      case 'decimal128':
      case 'decimal256':
        return this.#decimal(name)
      case 'fixed_binary':
        return { kind: 'fixed-binary', bytes: Number(this.#inBrackets(/\d{1,9}/y)) }
      case 'list':
      case 'large_list':
        return { kind: 'list', large: name === 'large_list', item: this.#item() }
      case 'fixed_list': {
        const item = this.#item()
        return { kind: 'fixed-list', size: Number(this.#inBrackets(/\d{1,9}/y)), item }
      }
      case 'struct':
        return { kind: 'struct', fields: this.#list(() => this.#field()) }
      case 'map':
        return this.#map()
      case 'sparse_union':
      case 'dense_union':
        return this.#union(name === 'dense_union' ? 'dense' : 'sparse')
      case 'dictionary':
        return this.#dictionary()
      default:
        throw this.#refused()
    }
  }

  end(): void {
    if (this.#at < this.#text.length) throw this.#refused()
  }

  #timestamp(): ColumnType {
    this.#need('[')
    const unit = unitOf(this.#must(/s|ms|us|ns/y))
    const timezone = this.#match(/, ?/y) === undefined ? undefined : this.#must(/[^\]]+/y)
    this.#need(']')
    return { kind: 'timestamp', unit, ...(timezone === undefined ? {} : { timezone }) }
  }

  #decimal(name: string): ColumnType {
    this.#need('(')
    const precision = Number(this.#must(/\d{1,2}/y))
    this.#must(/, ?/y)
    const scale = Number(this.#must(/-?\d{1,3}/y))
    this.#need(')')
    const named = name.slice('decimal'.length)
    const bits = named === '32' ? 32 : named === '64' ? 64 : named === '256' || (named === '' && precision > 38) ? 256 : 128
    if (precision < 1 || precision > digitsOf[bits]) throw this.#refused()
    return { kind: 'decimal', bits, precision, scale }
  }

  #item(): ColumnField {
    this.#need('<')
    const type = this.type()
    this.#need('>')
    return { name: 'item', type, nullable: true }
  }

  #field(): ColumnField {
    const name = this.#comesNext('"') ? this.#quotedName() : this.#must(/[\p{L}_][\p{L}\p{N}_ -]*/uy)
    this.#must(/: ?/y)
    return { name, type: this.type(), nullable: true }
  }

  #quotedName(): string {
    try {
      return String(JSON.parse(this.#must(/"(?:[^"\\]|\\.)*"/y)))
    } catch {
      throw this.#refused()
    }
  }

  #map(): ColumnType {
    this.#need('<')
    const key = this.type()
    this.#must(/, ?/y)
    const value = this.type()
    const keysSorted = this.#match(/, ?sorted/y) !== undefined
    this.#need('>')
    const fields = [
      { name: 'key', type: key, nullable: false },
      { name: 'value', type: value, nullable: true },
    ]
    return { kind: 'map', keysSorted, entries: { name: 'entries', type: { kind: 'struct', fields }, nullable: false } }
  }

  #union(mode: 'sparse' | 'dense'): ColumnType {
    const members = this.#list(() => {
      const id = Number(this.#must(/\d{1,3}/y))
      this.#need('=')
      return { id, field: this.#field() }
    })
    return { kind: 'union', mode, typeIds: members.map(({ id }) => id), fields: members.map(({ field }) => field) }
  }

  #dictionary(): ColumnType {
    this.#need('<')
    const values = this.type()
    const [, sign, bits] = /(u?)int(\d+)/.exec(this.#match(/, ?u?int(?:8|16|32|64)/y) ?? '') ?? []
    const ordered = this.#match(/, ?ordered/y) !== undefined
    this.#need('>')
    const width = bits === '8' ? 8 : bits === '16' ? 16 : bits === '64' ? 64 : 32
    return { kind: 'dictionary', index: { bits: width, signed: sign !== 'u' }, values, ordered, id: 0 }
  }

  #list<Member>(member: () => Member): Member[] {
    const members: Member[] = []
    this.#need('<')
    while (!this.#comesNext('>')) {
      if (members.length > 0) this.#must(/, ?/y)
      members.push(member())
    }
    this.#need('>')
    return members
  }

  #inBrackets(pattern: RegExp): string {
    this.#need('[')
    const text = this.#must(pattern)
    this.#need(']')
    return text
  }

  #comesNext(text: string): boolean {
    return this.#text.startsWith(text, this.#at)
  }

  #need(text: string): void {
    if (!this.#comesNext(text)) throw this.#refused()
    this.#at += text.length
  }

  #must(pattern: RegExp): string {
    const found = this.#match(pattern)
    if (found === undefined) throw this.#refused()
    return found
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #refused(): WaymarkError {
    return new WaymarkError('invalid', {
      message: `${JSON.stringify(this.#text)} is no type of a column${this.#at > 0 && this.#at < this.#text.length ? ` (from ${JSON.stringify(this.#text.slice(this.#at, this.#at + 20))} on)` : ''}`,
      means: 'Nothing was saved.',
      remedy:
        'Name one of: bool, int8 to int64, uint8 to uint64, float32, float64, utf8, binary, date, timestamp[ms, UTC], time[us], duration[ms], decimal(12,2), list<utf8>, struct<a: int64>, dictionary<utf8>.',
      details: { type: this.#text },
    })
  }
}

const unitOf = (text: string): TimeUnit => (text === 's' || text === 'ms' || text === 'us' ? text : 'ns')
