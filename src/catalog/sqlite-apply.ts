import type { RunView, StageView } from '../model/run-view.ts'
import type { CatalogChange, CatalogExpectation, StreamHead } from './catalog.ts'
import { ChangeWriter, selectHead, selectMark } from './change-writer.ts'
import { checkpointRow } from './checkpoint-rows.ts'
import { keyText } from './key-text.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { decodeHead, decodeMark, encodeRow, runTable, stageTable } from './sqlite-rows.ts'

/** Applies changes in one transaction; false, having changed nothing, if `expect` does not hold. */
export function applyChanges(
  connection: SqliteConnection,
  changes: readonly CatalogChange[],
  expect: CatalogExpectation,
): boolean {
  // Encoded before the transaction begins: others wait for it.
  const steps = changes.map(encodeChange)
  return connection.transaction('BEGIN IMMEDIATE', () => {
    if (!holds(connection, expect)) return false
    const writer = new ChangeWriter(connection)
    for (const step of steps) step(writer)
    writer.finish()
    return true
  })
}

function encodeChange(change: CatalogChange): (writer: ChangeWriter) => void {
  switch (change.kind) {
    case 'mark':
      return writer => writer.mark(change.mark)
    case 'head':
      return writer => writer.head(change.stream, change.head)
    case 'run': {
      const row = encodeRow<RunView>(runTable, change.run)
      return writer => writer.run(row)
    }
    case 'stage': {
      const row = encodeRow<StageView>(stageTable, change.stage)
      return writer => writer.stage(row)
    }
    case 'delete-stage':
      return writer => writer.deleteStage(change.run, change.path)
    case 'checkpoint': {
      const row = checkpointRow(change.checkpoint)
      return writer => writer.checkpoints.save(row)
    }
    case 'delete-checkpoint':
      return writer => writer.checkpoints.delete(change.id)
    case 'change-checkpoint':
      return writer => writer.checkpoints.change(change.id, change.changes)
    case 'forget-stream':
      return writer => writer.forgetStream(change.stream)
  }
}

function holds(connection: SqliteConnection, expect: CatalogExpectation): boolean {
  for (const [segment, appliedEnd] of expect.marks) {
    const row = connection.get(selectMark, keyText(segment))
    if ((row === undefined ? 0 : decodeMark(connection, row).appliedEnd) !== appliedEnd) return false
  }
  for (const [stream, head] of expect.heads) {
    const row = connection.get(selectHead, keyText(stream))
    if (!sameHead(row && decodeHead(connection, row), head)) return false
  }
  return true
}

function sameHead(one: StreamHead | undefined, other: StreamHead | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.token === other.token && one.sequence === other.sequence && one.segment === other.segment
}
