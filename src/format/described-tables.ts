import type { CheckpointTable } from '../model/checkpoint.ts'
import type { ColumnFacts, TableFacts, TimeFacts } from '../model/table-facts.ts'

type Members = Readonly<Record<string, unknown>>

/** What is said of tables by somebody who need not be believed: every member of the kind it must be, and no others. Undefined if one is not. */
export function describedTables(stored: unknown): readonly CheckpointTable[] | undefined {
  return listOf(stored, tableIn)
}

function tableIn(stored: unknown): CheckpointTable | undefined {
  const { path, form, streamed, digest, facts: told } = membersOf(stored)
  const facts = factsIn(told)
  if (typeof path !== 'string' || (form !== 'rows' && form !== 'arrow') || facts === undefined) return undefined
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return undefined
  return { path, form, ...(streamed === true ? { streamed } : {}), digest, facts }
}

function factsIn(stored: unknown): TableFacts | undefined {
  const { rows, columns: told, time } = membersOf(stored)
  const columns = listOf(told, columnIn)
  if (!isNumber(rows) || columns === undefined) return undefined
  if (time === undefined) return { rows, columns }
  const times = timeIn(time)
  return times === undefined ? undefined : { rows, columns, time: times }
}

function columnIn(stored: unknown): ColumnFacts | undefined {
  const { name, type, nulls, distinct, distinctIsEstimate, min, max, mean, nans, infinities } = membersOf(stored)
  if (typeof name !== 'string' || typeof type !== 'string' || !isNumber(nulls) || !isNumber(distinct)) return undefined
  return {
    name,
    type,
    nulls,
    distinct,
    ...(distinctIsEstimate === true ? { distinctIsEstimate } : {}),
    ...(isValue(min) ? { min } : {}),
    ...(isValue(max) ? { max } : {}),
    ...(isNumber(mean) ? { mean } : {}),
    ...(isNumber(nans) ? { nans } : {}),
    ...(isNumber(infinities) ? { infinities } : {}),
  }
}

function timeIn(stored: unknown): TimeFacts | undefined {
  const { column, from, to, frequency, missingSteps } = membersOf(stored)
  if (typeof column !== 'string' || typeof from !== 'string' || typeof to !== 'string') return undefined
  return {
    column,
    from,
    to,
    ...(typeof frequency === 'string' ? { frequency } : {}),
    ...(isNumber(missingSteps) ? { missingSteps } : {}),
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isValue = (value: unknown): value is number | string => isNumber(value) || typeof value === 'string'

/** Any object can be read by any key; TypeScript has no other way to say so. */
const membersOf = (value: unknown): Members => (typeof value === 'object' && value !== null ? (value as Members) : {})

function listOf<Member>(stored: unknown, memberIn: (value: unknown) => Member | undefined): readonly Member[] | undefined {
  if (!Array.isArray(stored)) return undefined
  const members = stored.map(memberIn).filter(member => member !== undefined)
  return members.length === stored.length ? members : undefined
}
