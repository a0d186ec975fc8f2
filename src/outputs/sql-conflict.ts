import { quoted } from './sql-options.ts'
import type { RowShape } from './sql-row.ts'

/** What both databases do with a row whose key is there already: the columns of the new one are written, others stay. */
export function onConflict({ columns, keyAt }: RowShape): string {
  if (keyAt.length === 0) return ''
  const names = columns.map(column => quoted(column.name))
  const others = names.filter((_, at) => !keyAt.includes(at))
  const update = others.length === 0 ? 'NOTHING' : `UPDATE SET ${others.map(name => `${name} = excluded.${name}`).join(', ')}`
  return ` ON CONFLICT (${keyAt.map(at => names[at]).join(', ')}) DO ${update}`
}
