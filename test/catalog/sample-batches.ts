import type { Catalog, CatalogChange, SegmentMark, StreamHead } from '../../src/catalog/catalog.ts'
import { type ChangeState, stampChanges } from '../../src/model/checkpoint-changes.ts'
import { parseWhere } from '../../src/model/checkpoint-filter.ts'
import { parseSort } from '../../src/model/checkpoint-sort.ts'
import type { CheckpointView, RunView, StageView } from '../../src/model/run-view.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

/** Runs of the sample, by the order in which they begin. */
const runOf = (index: number): string => `run${String((index * 37) % 100).padStart(2, '0')}`

/** What a log of `size` batches does to a catalog: runs begin, stages end, checkpoints come and go; and each batch moves the mark and the heads. */
export function sampleBatches(size: number, perBatch: number): readonly (readonly CatalogChange[])[] {
  const random = seededRandom(size)
  let order = 0
  return Array.from({ length: size }, (_, batch) => {
    const changes: CatalogChange[] = []
    for (let index = 0; index < perBatch; index++) {
      order += 1
      const run = runOf(random.integer(1 + batch * 2))
      const stage = random.pick(['extract', 'load', 'load[a]/inner'])
      const checkpoint = `c${random.integer(2 ** 40).toString(36)}`
      changes.push(
        { kind: 'run', run: sampleRun(run, order) },
        { kind: 'stage', stage: sampleStage(run, stage, order) },
        { kind: 'checkpoint', checkpoint: sampleCheckpoint(checkpoint, order, run, stage) },
        { kind: 'head', stream: run, head: { token: 1, sequence: order, segment: 'segment1' } },
      )
      if (order % 4 === 0) changes.push({ kind: 'change-checkpoint', id: checkpoint, changes: sampleChanges(order) })
      if (order % 9 === 0) changes.push({ kind: 'delete-checkpoint', id: checkpoint })
    }
    changes.push({
      kind: 'mark',
      mark: { segment: 'segment1', appliedEnd: order * 100, digest: `digest${order}`, provenEnd: order * 100 - 50 },
    })
    return changes
  })
}

export function sampleRun(id: string, order: number): RunView {
  return {
    id,
    pipeline: id < 'run5' ? 'etl' : 'scrape',
    state: order % 4 === 0 ? 'completed' : 'running',
    params: { day: `2026-01-${order}`, tickers: ['AAPL', 'MSFT'] },
    paramsDigest: `sha256:${id.repeat(8)}`,
    declaredStages: ['extract', 'load'],
    createdAt: 1_767_225_600_000 + Number(id.slice(3)),
    updatedAt: 1_767_225_600_000 + order,
    attempt: 1,
    stagesStarted: order,
    stagesCompleted: 0,
  }
}

function sampleStage(run: string, path: string, order: number): StageView {
  return {
    run,
    path,
    kind: 'stage',
    order: path.length,
    state: 'completed',
    startedAt: order,
    updatedAt: order,
    attempt: 1,
    digest: `sha256:${order}`,
  }
}

export function sampleCheckpoint(id: string, order: number, run: string, stage: string): CheckpointView {
  return {
    id,
    run,
    stage,
    type: order % 5 === 0 ? 'model' : 'stage',
    createdAt: order,
    order: 1_767_225_600_000_000 + order,
    tags: order % 3 === 0 ? ['nightly', `t${order % 4}`] : [],
    metadata: { rows: order, split: order % 2 === 0 ? 'train' : 'test' },
    ...(order % 6 === 0 ? { expiresAt: order } : {}),
    digest: `sha256:${'0'.repeat(60)}${order}`,
    encoding: 'cbor',
    logicalBytes: order,
    storedBytes: order,
    content: { kind: 'inline' },
    record: { segment: 'segment1', offset: order * 100, length: 90 },
  }
}

function sampleChanges(order: number): ChangeState {
  const position = { segment: 'segment1', offset: order * 100 + 90, length: 9 }
  const status = order % 8 === 0 ? 'archived' : 'completed'
  return stampChanges({ status, metadata: { split: 'both' }, pin: { name: 'keep', at: order } }, order, position)
}

export const anyState = { marks: new Map<string, number>(), heads: new Map<string, StreamHead | undefined>() }

const limit = Number.POSITIVE_INFINITY
/** All that a sample of up to ten batches has, and one it has not. */
const runIds = Array.from({ length: 20 }, (_, index) => runOf(index))

/** Questions that together reach every row, by every index. */
export const questions: Readonly<Record<string, (catalog: Catalog) => Promise<unknown>>> = {
  marks: catalog => catalog.marks() satisfies Promise<readonly SegmentMark[]>,
  heads: async catalog => [...(await catalog.heads(runIds))].sort(),
  summary: catalog => catalog.summary(),
  runs: catalog => catalog.runs({ limit }),
  'runs of a pipeline': catalog => catalog.runs({ pipeline: 'etl', limit }),
  'runs in a state': catalog => catalog.runs({ states: ['running', 'failed'], limit }),
  'runs with params': async catalog => {
    const found = await Promise.all(
      runIds.map(id => catalog.runs({ pipeline: id < 'run5' ? 'etl' : 'scrape', paramsDigest: `sha256:${id.repeat(8)}` })),
    )
    return found.flat()
  },
  'runs by id': catalog => Promise.all(runIds.map(id => catalog.run(id))),
  stages: catalog => Promise.all(runIds.map(id => catalog.stages(id))),
  checkpoints: catalog => catalog.checkpoints({ limit }),
  'checkpoints by id': catalog => catalog.checkpoints({ idPrefix: 'c', limit }),
  'checkpoints of a type': catalog => catalog.checkpoints({ type: 'model', limit }),
  'checkpoints with a tag': catalog => catalog.checkpoints({ tags: ['nightly'], limit }),
  'checkpoints of a stage': catalog => catalog.checkpoints({ stage: 'extract', limit }),
  'checkpoints in a status': catalog => catalog.checkpoints({ where: parseWhere({ status: 'archived' }), limit }),
  'expired checkpoints': catalog => catalog.checkpoints({ where: parseWhere({ status: 'expired' }), now: 40, limit }),
  'pinned checkpoints': catalog => catalog.checkpoints({ where: parseWhere({ pinned: true }), limit }),
  'checkpoints by own metadata': catalog => catalog.checkpoints({ where: parseWhere({ 'metadata.split': 'both' }), limit }),
  'checkpoints by two values': catalog =>
    catalog.checkpoints({ where: parseWhere({ 'metadata.split': 'test', 'metadata.rows': { gt: 10 } }), limit }),
  ...Object.fromEntries(
    (['createdAt', 'expiresAt', 'logicalBytes', 'storedBytes', 'type', 'id', 'metadata.rows'] as const).map(field => [
      `checkpoints sorted by ${field}`,
      (catalog: Catalog) => catalog.checkpoints({ sort: parseSort({ by: field }), limit }),
    ]),
  ),
  statistics: catalog => catalog.stats(40),
  'checkpoints of runs': catalog => Promise.all(runIds.map(run => catalog.checkpoints({ run, limit }))),
  'checkpoints of stages': catalog => Promise.all(runIds.map(run => catalog.checkpoints({ run, stage: 'load', limit }))),
}
