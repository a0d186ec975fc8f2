import { anything, count, type Fields, listOf, number, object, oneOf, shape, shared, text, texts } from './json-schema.ts'
import { entryFields } from './shared-shapes.ts'

const stage = { stage: text }

/** What a line of NDJSON has besides `schemaVersion`, `type`, `time` and `run`, by its type. */
export const lineFields: Readonly<Record<string, Fields>> = {
  store: { path: text, why: text },
  plan: { plan: shared('plan') },
  'run.started': { pipeline: text, attempt: count, store: text },
  'stage.started': { ...stage, kind: oneOf('stage', 'each'), 'total?': count },
  'stage.reused': { ...stage, 'counts?': shared('counts') },
  progress: {
    ...stage,
    counts: shared('counts'),
    reused: count,
    atRisk: count,
    'save?': shape({ 'intervalMs?': number, 'reason?': text, 'costMs?': number, durability: oneOf('power', 'process', 'exit') }),
    'itemsPerSecond?': number,
    'etaMs?': shape({ low: number, likely: number, high: number }),
  },
  'stage.completed': {
    ...stage,
    durationMs: number,
    'counts?': shared('counts'),
    'checkpoint?': shape({ id: text, logicalBytes: count, storedBytes: count, 'tables?': listOf(object) }),
    'output?': text,
  },
  'stage.failed': { ...stage, error: shared('thrown') },
  'item.retry': { ...stage, item: text, call: count, error: shared('thrown') },
  'item.setAside': { ...stage, item: text, calls: count, error: shared('thrown') },
  stopping: { message: text },
  notice: { message: text },
  log: { stream: oneOf('stdout', 'stderr'), text, 'stage?': text },
  'run.ended': {
    state: oneOf('completed', 'failed', 'paused', 'cancelled'),
    durationMs: number,
    'error?': shared('error'),
    'cause?': shared('endCause'),
    setAside: count,
    'proof?': shared('proof'),
    'check?': shared('check'),
    'errorCheckpoint?': text,
    'unreached?': object,
    'records?': listOf(shared('streamSummary')),
  },
  record: entryFields,
  restarting: { message: text, restart: count, restarts: count, backoffMs: number },
  result: { setAside: count, 'value?': anything },
  watching: { pipeline: text, attempt: count, 'owner?': object, 'startedAt?': number, stages: texts, store: text },
  requeued: {
    planned: { type: 'boolean' },
    total: count,
    stages: listOf(shape({ stage: text, keys: texts })),
    groups: listOf(shared('group')),
    left: count,
    later: texts,
  },
  exit: { code: count, ok: { type: 'boolean' }, 'error?': shared('error'), 'hint?': shared('hint') },
}

const ofRuns = [
  'store',
  'plan',
  'run.started',
  'stage.started',
  'stage.reused',
  'progress',
  'stage.completed',
  'stage.failed',
  'item.retry',
  'item.setAside',
  'stopping',
  'notice',
  'log',
  'run.ended',
  'restarting',
  'result',
  'exit',
]

/** The types of lines that a command prints. Of `events` every type besides `exit` is an event or a record of its own. */
export const lineTypes: Readonly<Record<string, readonly string[]>> = {
  run: ofRuns,
  resume: ofRuns,
  requeue: ['requeued', ...ofRuns],
  watch: ['watching', ...ofRuns],
  events: ['exit'],
  records: ['record', 'exit'],
}
