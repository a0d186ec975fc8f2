import type { CheckpointTable } from '../model/checkpoint.ts'
import type { CheckpointView } from '../model/run-view.ts'
import type { SecretMask } from '../model/secret-mask.ts'
import { isArrowTable } from '../tables/arrow-bridge.ts'
import type { TableFacts } from '../tables/facts.ts'
import { type FactsDiff, factsDiff } from '../tables/facts-diff.ts'
import { arrowRowsByPlace } from './arrow-rows-by-place.ts'
import { withoutSecretColumns } from './secret-columns.ts'

/** In what a table differs, by what was noted of it when it was saved; nothing is read for it. */
export interface TableDiff {
  /** Where it is inside the value; '' is the value itself. */
  readonly path: string
  readonly in: 'both' | 'a' | 'b'
  /** The same rows, in any order. */
  readonly same: boolean
  /** Columns, types, and what they hold; where it is in both, and not the same. */
  readonly facts?: FactsDiff
}

/** The tables in two checkpoints, by their places: those that differ. */
export function diffTables(a: CheckpointView, b: CheckpointView, secrets: SecretMask | undefined): readonly TableDiff[] {
  const [before, after] = [tablesOf(a), tablesOf(b)]
  const paths = [...new Set([...after.keys(), ...before.keys()])]
  const shown = (facts: TableFacts): TableFacts => (secrets === undefined ? facts : withoutSecretColumns(facts, secrets))
  return paths.flatMap((path): TableDiff[] => {
    const [one, other] = [before.get(path), after.get(path)]
    if (one === undefined || other === undefined) return [{ path, in: one === undefined ? 'b' : 'a', same: false }]
    if (one.digest === other.digest || !isTableFacts(one.facts) || !isTableFacts(other.facts)) return []
    return [{ path, in: 'both', same: false, facts: factsDiff(shown(one.facts), shown(other.facts)) }]
  })
}

/** Whether the value itself was saved as a table. */
export const isTable = (view: CheckpointView): boolean => tablesOf(view).has('')

/** Whether both are tables with the same content: the same rows in any order, whatever form they were given in. */
export function areSameTables(a: CheckpointView, b: CheckpointView): boolean {
  const digest = tablesOf(a).get('')?.digest
  return digest !== undefined && digest === tablesOf(b).get('')?.digest
}

/** The rows of an Arrow table as objects; undefined for anything else. */
export function arrowRows(value: unknown): Iterable<unknown> | undefined {
  if (typeof value !== 'object' || value === null || !isArrowTable(value) || !isIterable(value)) return undefined
  return arrowRowsByPlace(value) ?? plainRows(value)
}

/** The rows of what Arrow gives, a table or a batch, as objects. */
export function* plainRows(table: object): Iterable<unknown> {
  if (isIterable(table)) for (const row of table) yield isRow(row) ? row.toJSON() : row
}

const isIterable = (value: object): value is Iterable<unknown> => Symbol.iterator in value

const isRow = (row: unknown): row is { toJSON(): unknown } =>
  typeof row === 'object' && row !== null && 'toJSON' in row && typeof row.toJSON === 'function'

const tablesOf = ({ tables = [] }: CheckpointView): ReadonlyMap<string, CheckpointTable> =>
  new Map(tables.map(table => [table.path, table]))

const isTableFacts = (facts: object): facts is TableFacts =>
  'rows' in facts && typeof facts.rows === 'number' && 'columns' in facts && Array.isArray(facts.columns)
