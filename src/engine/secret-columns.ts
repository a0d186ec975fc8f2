import type { SecretMask } from '../model/secret-mask.ts'
import type { ColumnFacts, TableFacts } from '../tables/facts.ts'

/** What a column of secrets holds is not told: its least and its greatest value are two of them. */
export function withoutSecretColumns(facts: TableFacts, secrets: SecretMask): TableFacts {
  const column = (one: ColumnFacts): ColumnFacts => {
    if (secrets.value('', [{ kind: 'property', key: one.name }]) === '') return one
    const { min: _min, max: _max, mean: _mean, ...rest } = one
    return rest
  }
  return { ...facts, columns: facts.columns.map(column) }
}
