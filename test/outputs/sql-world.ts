import { randomUUID } from 'node:crypto'
import { nodeFiles } from '../../src/files/node-files.ts'
import { systemClock } from '../../src/model/clock.ts'
import type { OutputPosition, TablePosition } from '../../src/model/output-position.ts'
import type { ItemOutput, ItemTarget, OutputContext, OutputItem, OutputProgress } from '../../src/outputs/item-target.ts'

/** A database with one user. */
export interface SqlWorld {
  target(options: {
    readonly table: string
    readonly columns?: readonly string[]
    readonly key?: string | readonly string[]
    readonly replace?: boolean
    readonly create?: string
  }): ItemTarget<object>
  /** A statement that both databases understand. */
  rows(sql: string): Promise<readonly Record<string, unknown>[]>
  readonly baseDirectory: string
}

export const contextOf = (world: SqlWorld, token = 1, facts: Partial<OutputContext> = {}): OutputContext => ({
  files: nodeFiles,
  baseDirectory: world.baseDirectory,
  clock: systemClock,
  store: 'store',
  run: 'run',
  stage: 'load',
  token,
  earlierOwnerDead: true,
  ...facts,
})

export const itemAt = (index: number): OutputItem => ({ index, key: undefined, idempotencyKey: randomUUID() })

export const progressOf = (from: number, to: number): OutputProgress => ({
  type: 'stage.progress',
  time: 1,
  path: 'load',
  counts: { done: to + 1, skipped: 0, setAside: 0, retries: 0 },
  ranges: [[from, to]],
})

/** Adds the rows and flushes them. */
export async function write(output: ItemOutput, rows: readonly object[], from = 0): Promise<TablePosition> {
  for (const [i, row] of rows.entries()) output.add(row, itemAt(from + i))
  return asTable(await output.flush(progressOf(from, from + rows.length - 1)))
}

export function asTable(position: OutputPosition): TablePosition {
  if (position.kind === 'table') return position
  throw new Error(`not the position of a table: ${position.kind}`)
}

/** Begins a part of its own and opens it. */
export async function begin(world: SqlWorld, target: ItemTarget<object>, token = 1) {
  const context = contextOf(world, token)
  const start = asTable(await target.begin(context))
  const { output } = await target.open(context, start)
  return { context, start, output }
}
