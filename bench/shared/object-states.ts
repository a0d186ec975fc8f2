import { type SeededRandom, seededRandom } from '../../src/testing/seeded-random.ts'

/** A nested state such as a pipeline keeps: rows of a table, tasks with Dates and Maps, and an index by name. Everything follows from a seed. */
export interface ObjectState {
  readonly version: number
  readonly startedAt: Date
  readonly cursor: string
  readonly rows: readonly Row[]
  readonly tasks: readonly Task[]
  readonly attemptsByTask: ReadonlyMap<string, number>
}

export interface Row {
  readonly id: number
  readonly orderId: string
  readonly customer: string
  readonly amount: number
  readonly currency: string
  readonly quantity: number
  readonly country: string
  readonly paid: boolean
  readonly createdAt: number
  readonly note: string | null
}

export interface Task {
  readonly id: string
  readonly status: string
  readonly attempts: number
  readonly createdAt: Date
  readonly finishedAt: Date | null
  readonly score: number
  readonly url: string
  readonly tags: readonly string[]
  readonly history: readonly { readonly at: Date; readonly event: string; readonly worker: string; readonly ms: number }[]
  readonly result: { readonly rows: number; readonly bytes: number; readonly message: string; readonly ok: boolean } | null
  readonly counters: ReadonlyMap<string, number>
  readonly meta: {
    readonly owner: { readonly name: string; readonly email: string }
    readonly flags: readonly (boolean | null)[]
  }
}

/** Measured: a row, and a task with its entry in the index, as JSON. */
const rowBytes = 188
const taskBytes = 685

/** Half of it rows, half tasks. @param jsonBytes About its length as JSON. */
export function objectState(jsonBytes: number, seed: number): ObjectState {
  const random = seededRandom(seed)
  const rows = Array.from({ length: Math.round(jsonBytes / 2 / rowBytes) }, (_, id) => newRow(id, random))
  const tasks = Array.from({ length: Math.round(jsonBytes / 2 / taskBytes) }, (_, id) => newTask(id, random))
  return {
    version: 3,
    startedAt: when(random),
    cursor: 'eyJhIjoxMjM0NTY3fQ==',
    rows,
    tasks,
    attemptsByTask: new Map(tasks.map(task => [task.id, task.attempts])),
  }
}

/** The state with `share` of its rows changed, those that follow one another or any; what did not change is the same object. */
export function withChangedRows(state: ObjectState, share: number, how: 'contiguous' | 'scattered', seed: number): ObjectState {
  const random = seededRandom(seed)
  const count = Math.max(1, Math.round(state.rows.length * share))
  const rows = [...state.rows]
  const start = random.integer(Math.max(1, rows.length - count))
  for (let n = 0; n < count; n++) {
    const index = how === 'contiguous' ? start + n : random.integer(rows.length)
    const row = rows[index]
    if (row !== undefined) rows[index] = changedRow(row, random)
  }
  return { ...state, rows }
}

/** The same without Dates and Maps: what JSON carries as it is. */
export function jsonSafe(state: ObjectState): unknown {
  return JSON.parse(JSON.stringify(state, mapsAsEntries))
}

/** For JSON.stringify: a Map as `{ $map: entries }`; Dates become text by themselves. */
export function mapsAsEntries(_key: string, value: unknown): unknown {
  return value instanceof Map ? { $map: [...value] } : value
}

/** For JSON.parse: the opposite. Times are told by their form. */
export function datesAndMaps(_key: string, value: unknown): unknown {
  if (typeof value === 'string')
    return value.length === 24 && value.endsWith('Z') && /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value) : value
  if (value !== null && typeof value === 'object' && '$map' in value && Array.isArray(value.$map)) return new Map(value.$map)
  return value
}

/** What happens to a row: paid, an amount corrected, a note. */
function changedRow(row: Row, random: SeededRandom): Row {
  return {
    ...row,
    amount: random.integer(1e5) / 100,
    quantity: random.integer(20),
    paid: !row.paid,
    note: random.bool(0.5) ? text(3, random) : row.note,
  }
}

function newRow(id: number, random: SeededRandom): Row {
  return {
    id,
    orderId: `ORD-${String(id * 7).padStart(8, '0')}`,
    customer: text(2, random),
    amount: random.integer(1e5) / 100,
    currency: random.pick(['EUR', 'USD', 'GBP']),
    quantity: random.integer(20),
    country: random.pick(['DE', 'FR', 'US', 'GB', 'IT']),
    paid: random.bool(0.8),
    createdAt: 1_760_000_000_000 + random.integer(1e9),
    note: random.bool(0.3) ? null : text(3, random),
  }
}

function newTask(id: number, random: SeededRandom): Task {
  return {
    id: `task-${String(id).padStart(6, '0')}`,
    status: random.pick(['done', 'running', 'failed', 'pending']),
    attempts: random.integer(4),
    createdAt: when(random),
    finishedAt: random.bool(0.5) ? when(random) : null,
    score: random.next(),
    url: `https://api.example.com/v2/${random.pick(words)}/${id}?page=${random.integer(50)}`,
    tags: Array.from({ length: random.integer(4) }, () => random.pick(words)),
    history: Array.from({ length: 1 + random.integer(4) }, () => ({
      at: when(random),
      event: random.pick(words),
      worker: `w${random.integer(16)}`,
      ms: random.integer(1e7) / 100,
    })),
    result: random.bool(0.6)
      ? { rows: random.integer(1e5), bytes: random.integer(1e9), message: text(6, random), ok: true }
      : null,
    counters: new Map([
      ['read', random.integer(1e4)],
      ['written', random.integer(1e4)],
      ['skipped', 0],
    ]),
    meta: { owner: { name: text(2, random), email: `${random.pick(words)}@example.com` }, flags: [true, false, null] },
  }
}

const words =
  'alpha orders fetch page cursor retry timeout parsed written remote invalid customer invoice total region report daily ledger'.split(
    ' ',
  )

function text(count: number, random: SeededRandom): string {
  return Array.from({ length: count }, () => random.pick(words)).join(' ')
}

function when(random: SeededRandom): Date {
  return new Date(1_760_000_000_000 + random.integer(1e9))
}
