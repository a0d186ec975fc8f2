import type { RowsComparison } from '../../index.ts'
import type { DiffView } from './diff-lines.ts'
import { countsOf, differenceLines } from './diff-value-lines.ts'
import { valueText } from './diff-value-text.ts'
import { count, counted } from './quantities.ts'
import { type Line, line, type Screen } from './screen.ts'

/** Two tables: columns, then rows that changed, came and went, some of each. */
export function rowsLines(rows: RowsComparison, view: DiffView, screen: Screen, indent: string): Line[] {
  const { arrow } = screen.glyphs
  const why = rows.unusedKey === undefined ? '' : ` (${rows.unusedKey} does not name each row)`
  const by = rows.key === undefined ? 'in any order' : `by ${rows.key}`
  const size = rows.rowsBefore === rows.rowsAfter ? '' : `${count(rows.rowsBefore)} ${arrow} `
  const columns = screen.columns > 1000 ? 160 : screen.columns
  const row = (sign: '+' | '-', value: unknown): Line =>
    line(
      `${indent}  ${sign} ${valueText(value, Math.max(20, columns - indent.length - 5), screen.glyphs)}`,
      sign === '+' ? 'good' : 'bad',
    )
  const more = (total: number, shown: number): Line[] =>
    total > shown ? [line(`${indent}    ${screen.glyphs.ellipsis} and ${count(total - shown)} more`, 'quiet')] : []
  const { samples } = rows
  return [
    line(`${indent}${size}${counted(rows.rowsAfter, 'row')}, compared ${by}${why}`),
    ...rows.columns.map(({ name, before, after }) => {
      if (before === undefined) return line(`${indent}+ column ${name} (${after})`, 'good')
      if (after === undefined) return line(`${indent}- column ${name} (${before})`, 'bad')
      return line(`${indent}~ column ${name}: ${before} ${arrow} ${after}`, 'waiting')
    }),
    ...(rows.changed === 0
      ? []
      : [
          line(
            `${indent}~ ${counted(rows.changed, 'changed row')}: ${rows.changedIn
              .slice(0, 6)
              .map(one => `${one.column} ${count(one.rows)}`)
              .join(', ')}`,
            'waiting',
          ),
        ]),
    ...samples.changed.flatMap(({ key, differences }) => [
      line(`${indent}    ${rows.key ?? ''} ${valueText(key, 40, screen.glyphs)}`, 'quiet'),
      ...differenceLines(
        { differences, counts: countsOf(differences), sizes: [] },
        Math.min(5, view.limit),
        `${indent}      `,
        screen,
      ),
    ]),
    ...more(rows.changed, samples.changed.length),
    ...(rows.added === 0 ? [] : [line(`${indent}+ ${counted(rows.added, 'added row')}`, 'good')]),
    ...samples.added.map(one => row('+', one)),
    ...more(rows.added, samples.added.length),
    ...(rows.removed === 0 ? [] : [line(`${indent}- ${counted(rows.removed, 'removed row')}`, 'bad')]),
    ...samples.removed.map(one => row('-', one)),
    ...more(rows.removed, samples.removed.length),
    ...(rows.equal === 0 ? [] : [line(`${indent}${counted(rows.equal, 'equal row')}${view.all ? '' : ' hidden'}`, 'quiet')]),
  ]
}
