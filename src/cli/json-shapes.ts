import type { CheckpointDetails } from '../engine/checkpoint-info.ts'
import type { Checkpoint } from '../engine/load-checkpoint.ts'
import type { LogEvent } from '../engine/log-events.ts'
import { plainJson } from '../engine/plain-json.ts'
import type { RunReport } from '../engine/run-report.ts'
import type { RunSummary } from '../engine/run-summary.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import type { ErrorJson } from '../model/errors.ts'
import type { StageView } from '../model/run-view.ts'
import type { RecordedItem } from './recorded-item.ts'

/** The version of every JSON shape of the command line; described in `docs/cli.md`. Fields may be added within it. */
export const schemaVersion = 1

export interface Hint {
  /** The command to try next. */
  readonly command: string
}

/** The one document of a command that ends. */
export const document = (command: string, data: unknown, hint?: Hint): object => ({
  schemaVersion,
  command,
  ok: true,
  data,
  ...(hint === undefined ? {} : { hint }),
})

export const errorDocument = (command: string | null, error: ErrorJson): object => ({
  schemaVersion,
  command,
  ok: false,
  error,
  ...hintOf(commandIn(error.remedy)),
})

/** One line of a command that reports while it works. */
export const eventLine = (time: number, run: string | undefined, event: { readonly type: string }): object => ({
  schemaVersion,
  ...{ type: event.type, time: isoTime(time) },
  ...(run === undefined ? {} : { run }),
  ...event,
})

/** The last line of such a command. */
export function exitLine(time: number, run: string | undefined, code: number, error?: ErrorJson, hint?: Hint): object {
  const command = (error && commandIn(error.remedy)) ?? hint?.command
  return {
    schemaVersion,
    type: 'exit',
    time: isoTime(time),
    ...(run === undefined ? {} : { run }),
    code,
    ok: code === 0,
    ...(error === undefined ? {} : { error }),
    ...hintOf(command),
  }
}

const hintOf = (command: string | undefined): { readonly hint?: Hint } => (command === undefined ? {} : { hint: { command } })

/** A remedy that begins with a command. */
function commandIn(remedy: string): string | undefined {
  const [first = ''] = remedy.split(/ {2,}/)
  return /^(waymark|npm|npx) \S+/.test(first) ? first : undefined
}

/** A time to live can reach beyond what a date can say. */
export const isoTime = (ms: number): string => new Date(Math.min(Math.max(ms, -mostMs), mostMs)).toISOString()
const mostMs = 8.64e15

/** A run as `ls` and `show` print it. */
export function runShape(run: RunSummary): object {
  const { id, pipeline, shownState, state, liveness, createdAt, updatedAt, endedAt, lastStage, resultId, forkedFrom, ...rest } =
    run
  return {
    id,
    pipeline,
    state: shownState,
    recordedState: state,
    liveness,
    ...rest,
    createdAt: isoTime(createdAt),
    updatedAt: isoTime(updatedAt),
    ...(endedAt === undefined ? {} : { endedAt: isoTime(endedAt) }),
    ...(lastStage === undefined ? {} : { lastStage }),
    ...(resultId === undefined ? {} : { resultId }),
    ...(forkedFrom === undefined ? {} : { forkedFrom: { ...forkedFrom, time: isoTime(forkedFrom.time) } }),
  }
}

/** A stage as `show` prints it. */
export function stageShape(stage: StageView): object {
  const { run: _run, startedAt, updatedAt, endedAt, ...rest } = stage
  return {
    ...rest,
    startedAt: isoTime(startedAt),
    updatedAt: isoTime(updatedAt),
    ...(endedAt === undefined ? {} : { endedAt: isoTime(endedAt) }),
  }
}

/** Where the time of a run's stages went, as `show` prints it: null where that was not measured. */
export function timingsShape({ stages, timings }: RunReport, shown: readonly StageView[]): object {
  const paths = new Set(shown.map(({ path }) => path))
  return {
    stages: stages.filter(({ path }) => paths.has(path)).map(one => ({ path: one.path, timings: one.timings ?? null })),
    ...(timings === undefined ? {} : { beside: timings }),
  }
}

/** A checkpoint as `checkpoints`, `show`, `pin` and `import` print it. */
export function checkpointInfoShape(checkpoint: Checkpoint & Partial<CheckpointDetails>): object {
  const { createdAt, changedAt, expiresAt, pins, metadata, ...rest } = checkpoint
  return {
    ...rest,
    createdAt: isoTime(createdAt),
    ...(changedAt === undefined ? {} : { changedAt: isoTime(changedAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: isoTime(expiresAt) }),
    metadata: plainJson(metadata).json,
    ...(pins === undefined ? {} : { pins: pins.map(pin => ({ ...pin, at: isoTime(pin.at) })) }),
  }
}

/** An item as `show` prints it. */
export const itemShape = ({ at, ...item }: RecordedItem): object => ({
  ...item,
  ...(at === undefined ? {} : { at: isoTime(at) }),
})

/** A record as `events` prints it: without the bytes of what it saved. */
export function recordShape(event: LogEvent): { readonly type: string; readonly [field: string]: unknown } {
  const { time: _time, ...rest } = event
  if (rest.type === 'checkpoint.saved') return { ...rest, checkpoint: checkpointShape(rest.checkpoint) }
  if (rest.type === 'stage.done' && rest.checkpoint !== undefined)
    return { ...rest, checkpoint: checkpointShape(rest.checkpoint) }
  if (rest.type === 'attempt.started' && rest.code !== undefined) {
    // Marks of single lines say nothing to anybody but the next attempt.
    const { lines: _lines, ...code } = rest.code
    return { ...rest, code }
  }
  if (rest.type === 'attempt.ended' && rest.result !== undefined) return { ...rest, result: checkpointShape(rest.result) }
  if (rest.type === 'stage.progress') {
    const { results, resultsIn, ...progress } = rest
    return {
      ...progress,
      ...(results === undefined ? {} : { results: results.length }),
      ...(resultsIn === undefined ? {} : { resultsIn: checkpointShape(resultsIn) }),
    }
  }
  return rest
}

function checkpointShape(checkpoint: CheckpointRecord): object {
  const { content, createdAt, ...facts } = checkpoint
  return { ...facts, createdAt: isoTime(createdAt), content: { kind: content.kind } }
}
