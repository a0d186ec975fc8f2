import type { ColumnFacts, TimeFacts } from '../model/table-facts.ts'
import type { CanonicalColumn } from './canonical-column.ts'
import type { ColumnField, ColumnType } from './columnar.ts'
import { DistinctCounter } from './facts-distinct.ts'
import type { Frequency } from './facts-frequency.ts'
import { NumberCounter, type NumberFacts } from './facts-numbers.ts'
import { TextRange } from './facts-text.ts'
import { isTimeType } from './facts-times.ts'
import { shortText } from './facts-value.ts'
import { plainType } from './plain-type.ts'
import type { Scratch } from './scratch.ts'
import { TimesCounter } from './times-counter.ts'
import { typeText } from './type-text.ts'

/** What one column of a table holds, counted part by part. */
export class ColumnFactsCounter {
  readonly #name: string
  readonly #type: ColumnType
  readonly #plain: ColumnType
  readonly #distinct = new DistinctCounter()
  readonly #numbers: NumberCounter | undefined
  readonly #texts: TextRange | undefined
  readonly #times: TimesCounter | undefined
  #nulls = 0

  /** @param isTime whether its times are those of the table */
  constructor({ name, type }: ColumnField, isTime: boolean) {
    const plain = plainType(type)
    this.#name = name
    this.#type = type
    this.#plain = plain
    this.#numbers = hasRange(plain) || plain.kind === 'bool' ? new NumberCounter(plain) : undefined
    this.#texts = plain.kind === 'utf8' ? new TextRange() : undefined
    this.#times = isTime && isTimeType(plain) ? new TimesCounter(plain) : undefined
  }

  add(column: CanonicalColumn): void {
    this.#nulls += nullCount(column, this.#plain)
    this.#distinct.addColumn(column)
    if (column.kind === 'variable') {
      this.#texts?.add(column)
      return
    }
    this.#numbers?.add(column)
    this.#times?.add(column)
  }

  /** @param rows of the whole table */
  facts(rows: number): ColumnFacts {
    const { count, isEstimate } = this.#distinct.result()
    return {
      name: this.#name,
      type: typeText(this.#type),
      nulls: this.#nulls,
      distinct: Math.min(count, rows - this.#nulls),
      ...(isEstimate && { distinctIsEstimate: true }),
      ...this.#values(),
    }
  }

  /** Puts what would be too much for memory into a scratch. */
  async spill(scratch: Scratch): Promise<void> {
    await this.#times?.spill(scratch)
  }

  time(): TimeFacts | undefined {
    return this.#timeFacts(this.#times?.frequency())
  }

  /** The same, where something may be in the scratch. */
  async timeOfAll(): Promise<TimeFacts | undefined> {
    return this.#timeFacts(await this.#times?.frequencyOfAll())
  }

  #timeFacts(frequency: Frequency | undefined): TimeFacts | undefined {
    const { min, max } = this.#numbers?.result() ?? {}
    if (this.#times === undefined || min === undefined || max === undefined) return undefined
    return {
      column: this.#name,
      from: String(min),
      to: String(max),
      ...(frequency && { frequency: frequency.name }),
      ...(frequency?.missing && { missingSteps: frequency.missing }),
    }
  }

  #values(): Partial<ColumnFacts> {
    const { min, max } = this.#texts ?? {}
    if (min !== undefined && max !== undefined) return { min: shortText(min), max: shortText(max) }
    if (this.#numbers === undefined) return {}
    const facts = this.#numbers.result()
    const range =
      hasRange(this.#plain) && facts.min !== undefined && facts.max !== undefined ? { min: facts.min, max: facts.max } : {}
    return { ...range, ...meanFacts(facts, this.#plain) }
  }
}

function hasRange({ kind }: ColumnType): boolean {
  return ['int', 'float', 'duration', 'decimal', 'date', 'time', 'timestamp'].includes(kind)
}

function meanFacts({ mean, nans, infinities }: NumberFacts, type: ColumnType): Partial<ColumnFacts> {
  if (type.kind === 'date' || type.kind === 'time' || type.kind === 'timestamp') return {}
  return {
    ...(mean !== undefined && { mean: mean / 10 ** (type.kind === 'decimal' ? type.scale : 0) }),
    ...(nans > 0 && { nans }),
    ...(infinities > 0 && { infinities }),
  }
}

function nullCount({ rowCount, present }: CanonicalColumn, type: ColumnType): number {
  if (type.kind === 'null') return rowCount
  if (present === undefined) return 0
  let nulls = 0
  for (let row = 0; row < rowCount; row++) nulls += 1 - (present[row] ?? 0)
  return nulls
}
