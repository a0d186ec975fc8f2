import type { AbsentValues } from './absent-values.ts'
import type { ColumnPlan } from './column-plan.ts'
import { type ColumnValues, refusedCell } from './column-values.ts'
import type { ColumnData } from './columnar.ts'
import type { FilledDictionary, FillState } from './fill-state.ts'
import { typeText } from './type-text.ts'

/** Which rows, and how the dictionary itself is written. */
export interface DictionaryFill {
  readonly from: number
  readonly to: number
  readonly absent: AbsentValues
  readonly fillValues: (plan: ColumnPlan, column: ColumnValues) => ColumnData
}

/** For each row the place of its value in the dictionary. */
export function fillDictionary(
  plan: ColumnPlan,
  state: FillState,
  column: ColumnValues,
  { from, to, absent, fillValues }: DictionaryFill,
): Pick<ColumnData, 'values' | 'dictionary'> {
  const { type } = plan
  if (type.kind !== 'dictionary') throw new TypeError('no dictionary')
  if (state.dictionary?.source !== column.values) state.dictionary = buildDictionary(plan, column, fillValues)
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

function buildDictionary(plan: ColumnPlan, column: ColumnValues, fillValues: DictionaryFill['fillValues']): FilledDictionary {
  const [values] = plan.children
  if (values === undefined) throw new TypeError('a dictionary without values')
  const places = new Map<unknown, number>()
  const firsts: number[] = []
  const found: unknown[] = []
  for (const [index, value] of column.values.entries()) {
    if (value === null || value === undefined || typeof value === 'symbol') continue
    const key = keyOf(value)
    if (places.has(key)) continue
    places.set(key, places.size)
    firsts.push(index)
    found.push(value)
  }
  const distinct: ColumnValues = { ...column, values: found, rowOf: index => column.rowOf(firsts[index] ?? 0) }
  return { source: column.values, places, data: fillValues(values, distinct) }
}

/** A Map takes -0 for 0. */
const minusZero = Symbol('-0')
const keyOf = (value: unknown): unknown => (Object.is(value, -0) ? minusZero : value)
