import { AbsentValues } from './absent-values.ts'
import type { BatchValues } from './batch-values.ts'
import { checkCells } from './check-cells.ts'
import { type ColumnPlan, type ColumnSide, presentUndefined } from './column-plan.ts'
import { type ColumnValues, refusedCell } from './column-values.ts'
import type { ColumnData } from './columnar.ts'
import { fillDictionary } from './fill-dictionary.ts'
import { fillNumbers } from './fill-numbers.ts'
import { type FillState, newFillState } from './fill-state.ts'
import { fillBinary, fillText } from './fill-text.ts'
import { checkItems } from './list-items.ts'
import { shapesOf } from './plan-column.ts'
import { packedShapeIds } from './row-shapes.ts'

export interface FilledColumn {
  readonly data: ColumnData
  /** Null where the data tells all. */
  readonly side: ColumnSide | null
}

/**
 * The values from `from` to `to` of a column as a batch of it.
 *
 * @throws WaymarkError `invalid` for a value that the type of the column cannot hold, with its row and column
 */
export function fillColumn(plan: ColumnPlan, state: FillState, column: ColumnValues, from: number, to: number): FilledColumn {
  const absent = new AbsentValues(to - from)
  const batch: BatchValues = { column, from, to, absent }
  if (plan.form === 'list' || plan.form === 'date') checkCells(column, from, to)
  switch (plan.type.kind) {
    case 'null':
      for (let index = from; index < to; index++) absent.note(index - from, column.values[index])
      return { data: { rowCount: to - from, nullCount: absent.count }, side: sideOf(absent) }
    case 'bool':
      return filled({ values: fillBooleans(batch) }, batch)
    case 'utf8':
      return filled(fillText(batch, plan.type.large), batch)
    case 'binary':
    case 'fixed-binary':
      return filled(fillBinary(batch, plan.type), batch)
    case 'list':
    case 'fixed-list':
      return fillLists(plan, state, batch)
    case 'struct':
      return fillObjects(plan, state, batch)
    case 'dictionary':
      return filled(fillDictionary(plan, state, batch, fillValues), batch)
    default:
      return filled({ values: fillNumbers(plan, batch) }, batch)
  }
}

const fillValues = (plan: ColumnPlan, column: ColumnValues): ColumnData =>
  fillColumn(plan, newFillState(plan), column, 0, column.values.length).data

type Buffers = Pick<ColumnData, 'values' | 'offsets' | 'dictionary' | 'children'>

function filled(buffers: Buffers, { from, to, absent }: BatchValues, side = sideOf(absent)): FilledColumn {
  const { count, validity } = absent
  return { data: { rowCount: to - from, nullCount: count, ...(validity === undefined ? {} : { validity }), ...buffers }, side }
}

function sideOf({ undefineds }: AbsentValues): ColumnSide | null {
  return undefineds === undefined ? null : { undefineds }
}

function fillBooleans({ column: { values }, from, to, absent }: BatchValues): Uint8Array {
  const bits = new Uint8Array((to - from + 7) >> 3)
  for (let index = from; index < to; index++) {
    const value = values[index]
    const at = index - from
    if (value === true) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7))
    else if (value !== false) absent.note(at, value)
  }
  return bits
}

/** Lists of items that lie one behind the other. */
function fillLists(plan: ColumnPlan, state: FillState, batch: BatchValues): FilledColumn {
  const { column, from, to, absent } = batch
  const { type } = plan
  const [item] = plan.children
  const [itemState] = state.children
  if (item === undefined || itemState === undefined) throw new TypeError('a list without items')
  const size = type.kind === 'fixed-list' ? type.size : undefined
  const large = type.kind === 'list' && type.large
  checkItems(column, from, to, size)
  const offsets = large ? new BigInt64Array(to - from + 1) : new Int32Array(to - from + 1)
  const items: unknown[] = []
  const rows: number[] = []
  for (let index = from; index < to; index++) {
    const list = column.values[index]
    if (Array.isArray(list)) {
      if (size !== undefined && list.length !== size)
        throw refusedCell(
          column,
          index,
          `has ${list.length} items, not ${size}`,
          `Give ${size} items, or give the column another type.`,
        )
      for (let at = 0; at < list.length; at++) {
        const value: unknown = list[at]
        items.push(value === undefined ? presentUndefined : value)
        if (size === undefined) rows.push(index)
      }
    } else {
      absent.note(index - from, list)
      for (let at = 0; at < (size ?? 0); at++) items.push(null)
    }
    if (offsets instanceof BigInt64Array) offsets[index - from + 1] = BigInt(items.length)
    else offsets[index - from + 1] = items.length
  }
  const { name, where, rowOf } = column
  const listOf = (index: number): number => (size === undefined ? (rows[index] ?? 0) : from + Math.floor(index / size))
  const values: ColumnValues = { name: `${name}.item`, values: items, where, rowOf: index => rowOf(listOf(index)) }
  const child = fillColumn(item, itemState, values, 0, items.length)
  const bytes = new Uint8Array(offsets.buffer)
  return filled(
    { ...(size === undefined ? { offsets: bytes } : {}), children: [child.data] },
    batch,
    withChildren(sideOf(absent), [child.side]),
  )
}

function fillObjects(plan: ColumnPlan, state: FillState, batch: BatchValues): FilledColumn {
  const { column, from, to, absent } = batch
  for (let index = from; index < to; index++) {
    const value = column.values[index]
    if (typeof value !== 'object' || value === null) absent.note(index - from, value)
  }
  const names = plan.children.map(child => child.name)
  state.shapes ??= shapesOf(names, column)
  const { columns, shapeIds } = state.shapes.gather(column.values, from, to)
  const children = plan.children.map((child, index) => {
    const values: ColumnValues = {
      name: `${column.name}.${child.name}`,
      values: columns[index] ?? [],
      where: column.where,
      rowOf: at => column.rowOf(from + at),
    }
    return fillColumn(child, state.children[index] ?? newFillState(child), values, 0, to - from)
  })
  const side = withChildren(
    sideOf(absent),
    children.map(child => child.side),
  )
  const ids =
    shapeIds === undefined
      ? {}
      : { shapeIds: packedShapeIds(shapeIds, Math.max(plan.shapes?.length ?? 0, state.shapes.shapes.length)) }
  const known = shapeIds === undefined && side === null ? null : { ...side, ...ids }
  return filled({ children: children.map(child => child.data) }, batch, known)
}

function withChildren(side: ColumnSide | null, children: readonly (ColumnSide | null)[]): ColumnSide | null {
  return children.every(child => child === null) ? side : { ...side, children }
}
