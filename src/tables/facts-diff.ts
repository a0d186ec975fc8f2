import type { ColumnFacts, TableFacts, TimeFacts } from './facts.ts'

/** From `before` to `after`; a value that one of them lacks is left out. */
export interface Changed<T> {
  readonly before?: T
  readonly after?: T
}

export interface ColumnFactsDiff {
  readonly name: string
  /** By fact, only those that changed. */
  readonly changes: Readonly<Partial<Record<ComparedFact, Changed<number | string>>>>
}

/** What two tables' facts tell about what changed, as plain data. */
export interface FactsDiff {
  /** Whether nothing of the below changed. Equal facts do not prove equal content: the content hash does. */
  readonly isSame: boolean
  readonly rows: { readonly before: number; readonly after: number }
  /** In the order they have in their table. */
  readonly added: readonly ColumnFacts[]
  readonly removed: readonly ColumnFacts[]
  readonly retyped: readonly { readonly name: string; readonly before: string; readonly after: string }[]
  /** Whether columns that both have stand in another order. */
  readonly isReordered: boolean
  /** Columns of both whose facts changed, in the order of the later table. */
  readonly columns: readonly ColumnFactsDiff[]
  readonly time: Readonly<Partial<Record<keyof TimeFacts, Changed<number | string>>>>
}

const comparedFacts = ['nulls', 'distinct', 'min', 'max', 'mean', 'nans', 'infinities'] as const
export type ComparedFact = (typeof comparedFacts)[number]
const timeFacts = ['column', 'from', 'to', 'frequency', 'missingSteps'] as const

/**
 * What changed between the facts of two tables. Columns belong together by name; where a name is there several times, the first with the first and so on. Means that differ by less than one part in 10^12 are the same: the order of rows decides over these digits.
 *
 * @example
 * factsDiff(tableFacts(june), tableFacts(july)).rows // { before: 22, after: 44 }
 */
export function factsDiff(before: TableFacts, after: TableFacts): FactsDiff {
  const [named, namedAfter] = [byName(before), byName(after)]
  const added = [...namedAfter].filter(([name]) => !named.has(name)).map(([, facts]) => facts)
  const removed = [...named].filter(([name]) => !namedAfter.has(name)).map(([, facts]) => facts)
  const pairs = [...namedAfter].flatMap(([name, facts]) => {
    const earlier = named.get(name)
    return earlier ? [{ before: earlier, after: facts }] : []
  })
  const retyped = pairs
    .filter(pair => pair.before.type !== pair.after.type)
    .map(pair => ({ name: pair.after.name, before: pair.before.type, after: pair.after.type }))
  const isReordered =
    [...named.keys()].filter(name => namedAfter.has(name)).join() !==
    [...namedAfter.keys()].filter(name => named.has(name)).join()
  const columns = pairs.map(columnDiff).filter(({ changes }) => Object.keys(changes).length > 0)
  const time = changesOf(timeFacts, before.time ?? {}, after.time ?? {})
  const isSame =
    before.rows === after.rows &&
    !isReordered &&
    [added, removed, retyped, columns, Object.keys(time)].every(list => list.length === 0)
  return { isSame, rows: { before: before.rows, after: after.rows }, added, removed, retyped, isReordered, columns, time }
}

/** Keys: the name and which of that name it is. */
function byName({ columns }: TableFacts): Map<string, ColumnFacts> {
  const seen = new Map<string, number>()
  const named = new Map<string, ColumnFacts>()
  for (const facts of columns) {
    const count = seen.get(facts.name) ?? 0
    seen.set(facts.name, count + 1)
    named.set(JSON.stringify([facts.name, count]), facts)
  }
  return named
}

function columnDiff(pair: { readonly before: ColumnFacts; readonly after: ColumnFacts }): ColumnFactsDiff {
  return { name: pair.after.name, changes: changesOf(comparedFacts, pair.before, pair.after) }
}

function changesOf<Name extends string>(
  names: readonly Name[],
  before: Readonly<Partial<Record<Name, number | string>>>,
  after: Readonly<Partial<Record<Name, number | string>>>,
): Partial<Record<Name, Changed<number | string>>> {
  const changes: Partial<Record<Name, Changed<number | string>>> = {}
  for (const name of names) {
    const [was, is] = [before[name], after[name]]
    if (was === is || (name === 'mean' && isNearly(was, is))) continue
    changes[name] = { ...(was !== undefined && { before: was }), ...(is !== undefined && { after: is }) }
  }
  return changes
}

function isNearly(a: number | string | undefined, b: number | string | undefined): boolean {
  return typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b))
}
