import type { Catalog, CatalogChange, StreamHead } from '../catalog/catalog.ts'
import type { CheckpointView, RunView, StageView } from '../model/run-view.ts'

/** Registers a test of one promise of the port, on a new, empty catalog. */
export type CatalogClaim = (text: string, body: (catalog: Catalog) => Promise<void>) => void

/** What {@link everything} gives of an empty catalog. */
export const nothing = {
  marks: [],
  runs: [],
  checkpoints: [],
  summary: { runs: 0, checkpoints: 0, highestOrder: 0 },
  stats: {
    checkpoints: 0,
    logicalBytes: 0,
    storedBytes: 0,
    types: [],
    statuses: { active: 0, completed: 0, expired: 0, archived: 0, damaged: 0 },
    stages: [],
    pinned: 0,
    expired: 0,
  },
}

export async function everything(catalog: Catalog): Promise<unknown> {
  const limit = Number.POSITIVE_INFINITY
  return {
    marks: await catalog.marks(),
    runs: await catalog.runs({ limit }),
    checkpoints: await catalog.checkpoints({ limit }),
    summary: await catalog.summary(),
    stats: await catalog.stats(0),
  }
}

export const apply = (catalog: Catalog, ...changes: readonly CatalogChange[]): Promise<boolean> =>
  catalog.apply(changes, { marks: new Map(), heads: new Map() })

export const ids = (rows: readonly { readonly id: string }[]): readonly string[] => rows.map(row => row.id)
export const paths = (stages: readonly StageView[]): readonly string[] => stages.map(one => one.path)

export const setRun = (view: RunView): CatalogChange => ({ kind: 'run', run: view })
export const setStage = (view: StageView): CatalogChange => ({ kind: 'stage', stage: view })
export const setCheckpoint = (view: CheckpointView): CatalogChange => ({ kind: 'checkpoint', checkpoint: view })
export const mark = (segment: string, appliedEnd: number): CatalogChange => ({ kind: 'mark', mark: markOf(segment, appliedEnd) })
export const head = (stream: string, token: number, sequence: number): CatalogChange => ({
  kind: 'head',
  stream,
  head: headOf(token, sequence),
})
export const markOf = (segment: string, appliedEnd: number) => ({
  segment,
  appliedEnd,
  digest: `d${appliedEnd}`,
  provenEnd: appliedEnd - 1,
})
export const headOf = (token: number, sequence: number, segment = 's1'): StreamHead => ({ token, sequence, segment })

export function run(id: string, change: Partial<RunView> = {}): RunView {
  return {
    id,
    pipeline: 'etl',
    state: 'running',
    params: { day: 1 },
    paramsDigest: 'sha256:00',
    declaredStages: ['extract', 'load'],
    createdAt: 1000,
    updatedAt: 1000,
    attempt: 1,
    stagesStarted: 0,
    stagesCompleted: 0,
    ...change,
  }
}

export function stage(run: string, path: string, change: Partial<StageView> = {}): StageView {
  return { run, path, kind: 'stage', order: 1, state: 'running', startedAt: 1000, updatedAt: 1000, attempt: 1, ...change }
}

export function checkpoint(id: string, order: number, change: Partial<CheckpointView> = {}): CheckpointView {
  return {
    id,
    type: 'stage',
    createdAt: 1000,
    order,
    tags: [],
    metadata: {},
    digest: 'sha256:00',
    encoding: 'cbor',
    logicalBytes: 10,
    storedBytes: 10,
    content: { kind: 'inline' },
    record: { segment: 's1', offset: order, length: 40 },
    ...change,
  }
}
