import { randomUUID } from 'node:crypto'
import type { OutputPosition, TablePosition } from '../model/output-position.ts'
import { outputChanged } from './output-faults.ts'

/** Where a new run's part of a table begins. */
export const startOfTable = (shown: string): TablePosition => ({
  kind: 'table',
  path: shown,
  generation: randomUUID(),
  sequence: 0,
  rows: 0,
})

/** @throws WaymarkError `conflict` if the output was something else so far */
export function inTable(position: OutputPosition, shown: string, stage: string): TablePosition {
  if (position.kind === 'table') return position
  const kind = position.kind ?? 'file'
  throw outputChanged(`${position.path} was begun as another kind of output (${kind}), and is now the table ${shown}`, {
    shown: position.path,
    stage,
    details: { kind },
  })
}
