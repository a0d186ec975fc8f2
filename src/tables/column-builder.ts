import { type ColumnPlan, valueIn } from './column-plan.ts'
import type { ColumnValues } from './column-values.ts'
import type { ColumnType } from './columnar.ts'
import { type FilledColumn, fillColumn } from './fill-column.ts'
import { type FillState, newFillState } from './fill-state.ts'
import { planByKinds, planColumn } from './plan-column.ts'
import { groupOf, kind, kindsIn } from './value-kinds.ts'

/** What a table is made of, for messages and for a second look. */
export interface RowsSource {
  readonly rows: readonly unknown[]
  /** The path of the table. */
  readonly where: string
}

/** What is planned by all of its values at once: lists and objects for what they hold, bigints for how large they are. */
const plannedWhole = kind.list | kind.object | kind.bigint

/**
 * Makes the batches of one column while its values come, by the type that those so far have. Where later ones change it (numbers with fractions after whole ones, the first value after none), the batches before are to be
 * made {@link again}: which is rare, and spares all others to keep all values of all columns until the end.
 */
export class ColumnBuilder {
  readonly name: string
  readonly #given: ColumnType | undefined
  readonly #source: RowsSource
  readonly #batches: (FilledColumn | undefined)[] = []
  readonly #ends: number[] = []
  #kinds = 0
  #plan: ColumnPlan | undefined
  #state: FillState | undefined
  /** All values so far, where they are needed. */
  #whole: unknown[] | undefined

  constructor(name: string, given: ColumnType | undefined, source: RowsSource) {
    this.name = name
    this.#given = given
    this.#source = source
    if (given?.kind === 'dictionary') this.#whole = []
  }

  /** Valid when all values have come. */
  get plan(): ColumnPlan {
    if (this.#plan === undefined) throw new TypeError('a column without values')
    return this.#plan
  }

  get batches(): readonly FilledColumn[] {
    return this.#batches.filter(batch => batch !== undefined)
  }

  /** Whether a batch is to be made again. */
  isMissing(batch: number): boolean {
    return this.#batches[batch] === undefined
  }

  /** The values of the rows that follow those before. */
  add(values: readonly unknown[]): void {
    const from = this.#ends.at(-1) ?? 0
    this.#ends.push(from + values.length)
    const kinds = this.#kinds | kindsIn(values)
    if (kinds !== this.#kinds || this.#plan === undefined) this.#replan(kinds, values, from)
    if (this.#whole === undefined) this.#batches.push(this.#fill(values, from))
    else for (let index = 0; index < values.length; index++) this.#whole.push(values[index])
  }

  /** The values of a batch that is missing. */
  again(batch: number, values: readonly unknown[]): void {
    this.#batches[batch] = this.#fill(values, this.#ends[batch - 1] ?? 0)
  }

  /** All values have come. Returns whether batches are missing. */
  finish(): boolean {
    const whole = this.#whole
    if (whole === undefined) return this.#batches.includes(undefined)
    const column: ColumnValues = { name: this.name, values: whole, rowOf: index => index, where: this.#source.where }
    this.#plan = planColumn(column, this.#given)
    const state = newFillState(this.#plan)
    let from = 0
    for (const [batch, to] of this.#ends.entries()) {
      this.#batches[batch] = fillColumn(this.#plan, state, column, from, to)
      from = to
    }
    return false
  }

  #replan(kinds: number, values: readonly unknown[], from: number): void {
    this.#kinds = kinds
    if ((kinds & ~groupOf(kinds & -kinds)) !== 0 || kinds >= kind.other) throw this.#refusal(values, from)
    if ((kinds & plannedWhole) !== 0 && this.#whole === undefined && this.#mustSeeAll(kinds)) {
      this.#whole = this.#source.rows.slice(0, from).map(row => valueIn(row, this.name))
    }
    if (this.#whole !== undefined) return
    const column: ColumnValues = { name: this.name, values, rowOf: index => from + index, where: this.#source.where }
    const plan = planByKinds(column, kinds, this.#given)
    const before = this.#plan
    this.#plan = plan
    if (before === undefined || (before.form === plan.form && JSON.stringify(before.type) === JSON.stringify(plan.type))) return
    this.#batches.fill(undefined)
    this.#state = undefined
  }

  #mustSeeAll(kinds: number): boolean {
    return this.#given === undefined || (kinds & (kind.list | kind.object)) !== 0
  }

  #fill(values: readonly unknown[], from: number): FilledColumn {
    const column: ColumnValues = { name: this.name, values, rowOf: index => from + index, where: this.#source.where }
    this.#state ??= newFillState(this.plan)
    return fillColumn(this.plan, this.#state, column, 0, values.length)
  }

  /** With the first two rows that do not fit, wherever they are. */
  #refusal(values: readonly unknown[], from: number): Error {
    const before = this.#source.rows.slice(0, from).map(row => valueIn(row, this.name))
    const all: ColumnValues = {
      name: this.name,
      values: [...before, ...values],
      rowOf: index => index,
      where: this.#source.where,
    }
    try {
      planColumn(all, this.#given)
    } catch (error) {
      if (error instanceof Error) return error
    }
    return new TypeError('a column of several kinds that can be planned')
  }
}
