import { type ErrorJson, WaymarkError } from '../model/errors.ts'
import type { EndCause } from '../model/records.ts'
import { causeText, shortId } from './render/run-label.ts'

/** What is known of a process that ended without telling how its work ended. */
export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: string | null
  /** The last it wrote to stderr. */
  readonly stderrTail: string
  /** Evidence that memory ran out, from outside the process. */
  readonly memoryEvidence: string | undefined
  /** What it said right before, where it could. */
  readonly lastWords: string | undefined
  /** Set where the supervisor itself killed it. */
  readonly killedBecause: string | undefined
}

/** V8 prints this before it aborts. */
const heapMessage = /(?:FATAL ERROR: .*)?JavaScript heap out of memory/

/** Why the process ended, as far as there is evidence. */
export function crashCause(end: ProcessEnd): EndCause {
  const likely = memoryCause(end)
  if (end.signal !== null) {
    return {
      kind: 'signal',
      signal: end.signal,
      ...likely,
      ...(end.killedBecause === undefined ? {} : { evidence: end.killedBecause }),
    }
  }
  const said = end.lastWords === undefined ? {} : { evidence: end.lastWords }
  return { kind: 'exit', exitCode: end.exitCode ?? 1, ...likely, ...said }
}

function memoryCause(end: ProcessEnd): Pick<EndCause, 'likely' | 'evidence'> {
  if (end.killedBecause !== undefined) return {}
  // A shell reports death by signal 6 as exit code 134; so does Node for V8's own abort on some systems.
  const aborted = end.signal === 'SIGABRT' || end.signal === 'SIGTRAP' || end.signal === 'SIGILL' || end.exitCode === 134
  const heap = aborted ? heapMessage.exec(end.stderrTail) : null
  if (heap !== null) return { likely: 'out of memory', evidence: 'V8 said: JavaScript heap out of memory' }
  if (end.signal === 'SIGKILL' && end.memoryEvidence !== undefined)
    return { likely: 'out of memory', evidence: end.memoryEvidence }
  return {}
}

/**
 * The crash as an error for people and programs.
 * @param run that had begun; undefined: it died before
 * @param asked the run that was to go on
 */
export function crashError(run: string | undefined, cause: EndCause, lastWords: string | undefined, asked?: string): ErrorJson {
  const what = lastWords ?? `the pipeline's process ended: ${causeText(cause)}`
  return new WaymarkError('failed', {
    message: what,
    means: meansOf(run, asked),
    remedy: remedyOf(run ?? asked, cause),
    details: { ...(run === undefined ? {} : { run }), cause },
  }).toJSON()
}

function meansOf(run: string | undefined, asked: string | undefined): string {
  if (run !== undefined) return 'Everything recorded is safe; items that were in flight will be done again.'
  return asked === undefined
    ? 'No run was begun.'
    : `Run ${shortId(asked)} did not go on: it stands as it was, with everything recorded.`
}

function remedyOf(run: string | undefined, cause: EndCause): string {
  const again = run === undefined ? 'run the same command again' : `waymark resume ${shortId(run)}`
  if (cause.likely !== 'out of memory') return again
  return `${again}   (with more memory, or less concurrency; NODE_OPTIONS=--max-old-space-size=8192 raises the heap)`
}
