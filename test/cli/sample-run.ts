import type { RunSummary } from '../../src/engine/run-summary.ts'
import type { Plan } from '../../src/model/plan.ts'
import type { RunEvent } from '../../src/model/run-events.ts'
import type { StageView } from '../../src/model/run-view.ts'

/** 2026-11-20T02:00:00Z */
export const start = 1_795_140_000_000

export const newPlan: Plan = {
  run: '7kq2m4xh91da',
  pipeline: 'nightly-orders',
  kind: 'new',
  attempt: 1,
  reason: 'no unfinished run has these parameters',
  stages: [
    { path: 'extract', action: 'run', reason: 'not started; declared by the pipeline', expected: true },
    { path: 'transform', action: 'run', reason: 'not started; declared by the pipeline', expected: true },
    { path: 'load', action: 'run', reason: 'not started; declared by the pipeline', expected: true },
  ],
  notices: [],
}

export const resumePlan: Plan = {
  run: '7kq2m4xh91da',
  pipeline: 'nightly-orders',
  kind: 'resume',
  attempt: 2,
  reason: 'run 7kq2m4xh91da crashed at 2026-11-20T02:14:07.000Z',
  stages: [
    { path: 'extract', action: 'reuse', reason: 'finished and recorded', recorded: 12, total: 12 },
    { path: 'transform', action: 'continue', reason: 'recorded items are not called again', recorded: 41_200, total: 60_000 },
    { path: 'clean', action: 'redo', reason: 'asked for with --redo' },
    { path: 'load', action: 'run', reason: 'not started; declared by the pipeline', expected: true },
  ],
  notices: ['code changed since the last attempt (src/orders.ts); finished work is kept, redo a stage with --redo STAGE'],
}

/** What the first attempt told, with seconds since its start. */
export const runEvents: readonly (readonly [seconds: number, event: RunEvent])[] = [
  [0, { type: 'plan', plan: newPlan }],
  [0, { type: 'run.started', pipeline: 'nightly-orders', attempt: 1, store: '/home/ann/shop/.waymark' }],
  [0, { type: 'stage.started', stage: 'extract', kind: 'stage' }],
  [
    18,
    {
      type: 'stage.completed',
      stage: 'extract',
      durationMs: 18_200,
      checkpoint: { id: 'cd3t0v9k2m4q7xh1z', logicalBytes: 61_900, storedBytes: 62_100 },
    },
  ],
  [18, { type: 'stage.started', stage: 'transform', kind: 'each', total: 60_000 }],
  [
    20,
    {
      type: 'item.retry',
      stage: 'transform',
      item: 'o-17',
      call: 2,
      error: { name: 'TypeError', message: 'fetch failed' },
    },
  ],
  [
    731,
    {
      type: 'progress',
      stage: 'transform',
      counts: { total: 60_000, done: 37_100, skipped: 108, setAside: 2, retries: 3 },
      reused: 0,
      atRisk: 208,
      itemsPerSecond: 52.1,
      etaMs: { low: 360_000, likely: 438_000, high: 540_000 },
    },
  ],
  [733, { type: 'stage.started', stage: 'crawl', kind: 'each' }],
  [
    735,
    {
      type: 'progress',
      stage: 'crawl',
      counts: { done: 1_204, skipped: 0, setAside: 0, retries: 0 },
      reused: 0,
      atRisk: 4,
      itemsPerSecond: 3.4,
    },
  ],
  [735, { type: 'stage.started', stage: 'prices[AAPL]', kind: 'stage' }],
  [735, { type: 'stage.started', stage: 'prices[MSFT]', kind: 'stage' }],
  [735, { type: 'stage.completed', stage: 'prices[AAPL]', durationMs: 80 }],
  [735, { type: 'stage.started', stage: 'prices[MSFT]/inner', kind: 'stage' }],
]

/** How it went on to its end. */
export const lastEvents: readonly (readonly [seconds: number, event: RunEvent])[] = [
  [736, { type: 'stage.completed', stage: 'prices[MSFT]', durationMs: 900 }],
  [
    1_160,
    {
      type: 'stage.completed',
      stage: 'transform',
      durationMs: 1_142_000,
      counts: { total: 60_000, done: 59_890, skipped: 108, setAside: 2, retries: 3 },
      output: 'out/orders.jsonl',
    },
  ],
  [
    1_161,
    {
      type: 'stage.completed',
      stage: 'crawl',
      durationMs: 428_000,
      counts: { done: 1_300, skipped: 0, setAside: 0, retries: 0 },
    },
  ],
  [1_161, { type: 'stage.started', stage: 'load', kind: 'stage' }],
  [
    1_162,
    {
      type: 'stage.completed',
      stage: 'load',
      durationMs: 812,
      checkpoint: { id: 'c5h8j1n4p7r0s3t6v', logicalBytes: 96, storedBytes: 140 },
    },
  ],
  [1_162, { type: 'run.ended', state: 'completed', durationMs: 1_162_000, setAside: 2 }],
]

const owner = { process: 'p1', host: 'box', pid: 4121 }

const run = (changes: Partial<RunSummary> & Pick<RunSummary, 'id' | 'pipeline' | 'state' | 'shownState'>): RunSummary => ({
  params: {},
  paramsDigest: 'd',
  declaredStages: [],
  createdAt: start,
  updatedAt: start + 847_000,
  attempt: 1,
  stagesStarted: 2,
  stagesCompleted: 1,
  liveness: 'ended',
  file: 'jobs/work.ts',
  ...changes,
})

export const crashedRun: RunSummary = run({
  id: '7kq2m4xh91da',
  pipeline: 'nightly-orders',
  state: 'failed',
  shownState: 'failed',
  params: { day: '2026-11-20' },
  file: 'jobs/nightly-orders.ts',
  declaredStages: ['extract', 'transform', 'load'],
  endedAt: start + 847_000,
  cause: { kind: 'signal', signal: 'SIGKILL', likely: 'out of memory', evidence: 'RSS 3.9 GB of 4.0 GB at the last measurement' },
})

export const runs: readonly RunSummary[] = [
  run({
    id: '9xw4c2bb01ka',
    pipeline: 'scrape-prices',
    state: 'running',
    shownState: 'running',
    liveness: 'alive',
    owner,
    attempt: 2,
    createdAt: start + 3_600_000,
  }),
  crashedRun,
  run({
    id: '7kq2m9aa22zz',
    pipeline: 'crm-sync',
    state: 'completed',
    shownState: 'completed',
    stagesCompleted: 2,
    endedAt: start + 72_000,
  }),
  run({ id: 'nightly-2026-11-19', pipeline: 'nightly-orders', state: 'paused', shownState: 'paused', endedAt: start + 60_000 }),
  run({ id: '0c7tn5p6q8rs', pipeline: 'embed-docs', state: 'running', shownState: 'crashed', liveness: 'dead', owner }),
]

export const stages: readonly StageView[] = [
  {
    run: crashedRun.id,
    path: 'extract',
    kind: 'stage',
    order: 1,
    state: 'completed',
    startedAt: start,
    updatedAt: start + 18_200,
    endedAt: start + 18_200,
    durationMs: 18_200,
    attempt: 1,
    checkpointId: 'cd3t0v9k2m4q7xh1z',
    digest: 'sha256:00',
  },
  {
    run: crashedRun.id,
    path: 'transform',
    kind: 'each',
    order: 2,
    state: 'running',
    startedAt: start + 18_200,
    updatedAt: start + 847_000,
    attempt: 1,
    counts: { total: 60_000, done: 41_090, skipped: 108, setAside: 2, retries: 3 },
    output: { path: 'out/orders.jsonl', length: 9_800_000, tail: 'aa' },
  },
]
