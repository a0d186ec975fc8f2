import type { BatchValues } from './batch-values.ts'
import type { ColumnPlan } from './column-plan.ts'
import { type ColumnValues, refusedCell } from './column-values.ts'
import type { ColumnData } from './columnar.ts'
import type { FilledDictionary, FillState } from './fill-state.ts'
import { noteGrown } from './grown-dictionary.ts'
import { typeText } from './type-text.ts'

/** How the values of the dictionary itself are written. */
type FillValues = (plan: ColumnPlan, column: ColumnValues) => ColumnData

/** For each row the place of its value in the dictionary. */
export function fillDictionary(
  plan: ColumnPlan,
  state: FillState,
  { column, from, to, absent }: BatchValues,
  fillValues: FillValues,
): Pick<ColumnData, 'values' | 'dictionary'> {
  const { type } = plan
  if (type.kind !== 'dictionary') throw new TypeError('no dictionary')
  if (state.dictionary?.source !== column.values)
    state.dictionary = buildDictionary(plan, column, fillValues, state.grows === true ? state.dictionary : undefined)
  const { places, data } = state.dictionary
  const { bits, signed } = type.index
  const most = 2 ** Math.min(31, signed ? bits - 1 : bits)
  const bytes = bits / 8
  const values = new Uint8Array((to - from) * bytes)
  const view = new DataView(values.buffer)
  for (let index = from; index < to; index++) {
    const value = column.values[index]
    const place = places.get(keyOf(value))
    const at = (index - from) * bytes
    if (place === undefined) absent.note(index - from, value)
    else if (place >= most)
      throw refusedCell(
        column,
        index,
        `is one value more than ${typeText(type)} can have`,
        'Give the dictionary a wider index, or the plain type.',
      )
    else if (bytes === 4) view.setInt32(at, place, true)
    else if (bytes === 2) view.setUint16(at, place, true)
    else if (bytes === 1) view.setUint8(at, place)
    else view.setBigInt64(at, BigInt(place), true)
  }
  return { values, dictionary: data }
}

/** @param before what it begins with: its values keep their places */
function buildDictionary(
  plan: ColumnPlan,
  column: ColumnValues,
  fillValues: FillValues,
  before?: FilledDictionary,
): FilledDictionary {
  const [values] = plan.children
  if (values === undefined) throw new TypeError('a dictionary without values')
  const places = before?.places ?? new Map<unknown, number>()
  const found = before?.values ?? []
  const known = found.length
  const firsts: number[] = []
  for (const [index, value] of column.values.entries()) {
    if (value === null || value === undefined || typeof value === 'symbol') continue
    const key = keyOf(value)
    if (places.has(key)) continue
    places.set(key, places.size)
    firsts.push(index)
    found.push(value)
  }
  const source = column.values
  if (before !== undefined && firsts.length === 0) return { ...before, source }
  const distinct: ColumnValues = { ...column, values: found, rowOf: index => column.rowOf(firsts[index - known] ?? 0) }
  const data = fillValues(values, distinct)
  if (before !== undefined) noteGrown(before.data, data)
  return { source, places, values: found, data }
}

/** A Map takes -0 for 0. */
const minusZero = Symbol('-0')
const keyOf = (value: unknown): unknown => (Object.is(value, -0) ? minusZero : value)
