import { digestCode } from '../engine/code-digest.ts'
import { Redaction, redactionOf } from '../engine/redaction.ts'
import { runLogOf } from '../engine/run-log-of.ts'
import { storeError } from '../engine/stored-error.ts'
import { systemClock } from '../model/clock.ts'
import { type ErrorJson, isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { RunEvent } from '../model/run-events.ts'
import type { Schema } from '../model/schema.ts'
import { open } from '../open.ts'
import type { ChildOrder, ChildOutcome, FromChild, ToChild, TypedParams } from './child-protocol.ts'
import { keyFromParent } from './given-key.ts'
import { importPipeline } from './import-pipeline.ts'
import { namedParams } from './param-arguments.ts'
import { checkParams } from './param-check.ts'
import { paramFields } from './param-fields.ts'
import { redactedSummaries } from './redacted-entries.ts'
import { shownValue } from './shown-value.ts'
import { searchStore } from './store-search.ts'

/**
 * The process that runs the pipeline, forked by the supervisor. While that lives it obeys only what comes over IPC; a Ctrl-C reaches
 * the whole process group and is not meant for it. Without a supervisor it stops: nobody would see what it does.
 */

/** So often in a row, with nothing told in between, the process looks whether anything is left that could happen. */
const deadEndLooks = 10
const deadEndLookMs = 200
/** How long the engine may take to save what is finished once the supervisor is gone. */
const orphanGraceMs = 2_000
/** How long handles the pipeline left open may keep the process after everything is done. */
const lingerMs = 2_000

const stop = new AbortController()
const abort = new AbortController()

/** What is not to be shown, as far as is known by now. */
let known: Redaction | undefined

/** Events of the run so far. */
let told = 0

const ignore = () => {}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ignore)
// It would open Node's debugger.
process.on('SIGUSR1', () => void send({ type: 'status' }))

// The pipes go with the supervisor; what is written to them then is lost, and no error of the pipeline.
process.stdout.on('error', ignore)
process.stderr.on('error', ignore)

process.on('disconnect', () => {
  abort.abort()
  systemClock.after(orphanGraceMs, () => process.exit(3), { background: true })
})

// What the user's code throws where nobody waits for it leaves it in an unknown state: the process says so and dies, as Node's would.
process.on('uncaughtException', error => {
  // It is recorded, as why the process ended.
  const thrown = known?.thrown(error) ?? storeError(error)
  const why = `${thrown.name}: ${thrown.message} (thrown where nothing waits for it)`
  void send({ type: 'dying', why, error: thrown }).finally(() => process.exit(1))
})

process.on('message', (message: ToChild) => {
  if (message.type === 'stop') stop.abort()
  if (message.type === 'abort') {
    stop.abort()
    abort.abort()
  }
  if (message.type === 'order') void carryOut(message.order)
})

void send({ type: 'ready' })

async function carryOut(order: ChildOrder): Promise<void> {
  let outcome: ChildOutcome
  const endWatch = watchForDeadEnd()
  try {
    outcome = await work(order)
  } catch (error) {
    outcome = failure(order.asksToResume === true && isWaymarkError(error, 'stale') ? undecided(error) : error)
  }
  endWatch()
  // Nobody is left to tell, and nothing left to wait for.
  if (!process.connected) process.exit(3)
  await send({ type: 'outcome', outcome })
  process.removeAllListeners('disconnect')
  if (process.connected) process.disconnect()
  systemClock.after(lingerMs, () => process.exit(0), { background: true })
}

/**
 * A promise that nothing will settle would hang the run for ever, as only the channel to the supervisor keeps the process alive. So that does not
 * count, and a process that would end before its work has says why.
 */
function watchForDeadEnd(): () => void {
  let looks = 0
  let toldBefore = told
  process.channel?.unref()
  const look = () => {
    looks = told === toldBefore ? looks + 1 : 1
    toldBefore = told
    if (looks <= deadEndLooks) systemClock.after(deadEndLookMs, () => {})
    else {
      const why =
        'the pipeline waits for something that cannot happen any more: a promise that no timer, request or other work is left to settle'
      void send({ type: 'dying', why }).finally(() => process.exit(13))
    }
  }
  process.on('beforeExit', look)
  return () => {
    process.off('beforeExit', look)
    process.channel?.ref()
  }
}

async function work(order: ChildOrder): Promise<ChildOutcome> {
  const pipeline = await importPipeline(order.file, order.shownFile)
  const schema = pipeline.params
  if (order.kind === 'describe') {
    await send({ type: 'described', name: pipeline.name, params: schema === undefined ? undefined : paramFields(schema) })
    return { state: 'planned' }
  }
  const given = 'input' in order.params ? order.params.input : namedParams(order.params.raw)
  if (pipeline.redact.length > 0) await send({ type: 'redact', paths: pipeline.redact })
  tellHidden(new Redaction(order.redact)).learnRun({ params: given, redact: pipeline.redact })
  const params = 'input' in order.params ? order.params.input : await typedParams(order, order.params, schema)
  const choice = 'path' in order.store ? order.store : searchStore(order.store)
  await send({ type: 'store', store: order.open?.inMemory === true ? { path: ':memory:', why: nothingKept } : choice })
  const store = await open({
    path: choice.path,
    ...(await keyFromParent(order.key)),
    ...(order.retention === undefined ? {} : { retention: order.retention }),
    ...(order.redact === undefined ? {} : { redact: order.redact }),
    ...order.open,
  })
  const redaction = tellHidden(redactionOf(store))
  // The plan tells those of the opening.
  const toldNotices = new Set(store.notices())
  const tellNotice = (message: string): Promise<void> => {
    if (toldNotices.has(message)) return Promise.resolve()
    toldNotices.add(message)
    return send({ type: 'event', time: systemClock.now(), event: { type: 'notice', message } })
  }
  runLogOf(store)?.watchedBy({ notice: message => void tellNotice(message) })
  try {
    const outcome = await pipeline.attempt(params, {
      store,
      signal: abort.signal,
      stopSignal: stop.signal,
      fresh: order.fresh,
      redo: order.redo,
      file: order.file,
      code: digestCode(order.file),
      acceptInput: order.acceptInput,
      acceptStale: order.acceptStale,
      resumePaused: order.resumePaused === true,
      planOnly: order.kind === 'plan',
      supervisor: order.supervisor,
      onEvent: event => {
        // Progress is told by a clock, whether there is any or not.
        if (event.type !== 'progress') told++
        void send({ type: 'event', time: systemClock.now(), event: shownEvent(event, redaction) })
      },
      ...(order.from === undefined ? {} : { from: order.from }),
      ...(order.only === undefined ? {} : { only: order.only }),
      ...(order.until === undefined ? {} : { until: order.until }),
      ...(order.restart === undefined ? {} : { restart: order.restart }),
      ...(order.runId === undefined ? {} : { runId: order.runId }),
      ...(order.staleAfterMs === undefined ? {} : { staleAfterMs: order.staleAfterMs }),
      // However new it is, it is not gone on with before somebody says so.
      ...(order.asksToResume === true ? { staleAfterMs: 0 } : {}),
      ...(order.durability === undefined ? {} : { durability: order.durability }),
    })
    if (outcome === undefined) return { state: 'planned' }
    return {
      state: 'completed',
      run: outcome.run,
      setAside: outcome.setAside,
      value: shownValue(outcome.value, value => redaction.shown('value', value)),
    }
  } finally {
    await store.close()
    // What the plan could not say yet.
    for (const message of store.notices()) await tellNotice(message)
  }
}

const nothingKept = 'checkpoints are off: nothing is kept'

const undecided = ({ details }: WaymarkError): WaymarkError =>
  new WaymarkError('stale', {
    message: `run ${String(details['run'])} of the same work is unfinished, and the option resume is ask`,
    means: 'Nothing was run; everything it recorded is kept.',
    remedy: 'Go on with it with --accept-stale, or start anew with --fresh.',
    details,
  })

/** What is learned to be a secret is one to the supervisor as well. */
/** The parent does not know which paths of entries are not to be shown. */
function shownEvent(event: RunEvent, redaction: Redaction): RunEvent {
  if (event.type !== 'run.ended' || event.records === undefined) return event
  return { ...event, records: redactedSummaries(event.records, redaction) }
}

function tellHidden(redaction: Redaction): Redaction {
  known = redaction
  redaction.hidden.onAdded = text => send({ type: 'hidden', text })
  return redaction
}

const typedParams = (order: ChildOrder, typed: TypedParams, schema: Schema | undefined): Promise<unknown> =>
  checkParams(schema, typed.raw, { file: order.shownFile, afterDashes: new Set(typed.afterDashes) })

function failure(error: unknown): ChildOutcome {
  const json = isWaymarkError(error) ? plain(error.toJSON()) : internal(error)
  const cause = isWaymarkError(error) ? error.cause : error
  return { state: 'failed', error: json, ...(cause === undefined ? {} : { cause: known?.thrown(cause) ?? storeError(cause) }) }
}

/** Details are meant for JSON; anything else in them could not cross to the supervisor. */
function plain(error: ErrorJson): ErrorJson {
  return error.details === undefined ? error : { ...error, details: JSON.parse(JSON.stringify(error.details)) }
}

function internal(error: unknown): ErrorJson {
  return new WaymarkError('internal', {
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    means: 'What was recorded before is safe.',
    remedy: 'Run the same command again with --debug, and report what it prints.',
  }).toJSON()
}

/** Resolves when the message has left this process, or cannot. */
function send(message: FromChild): Promise<void> {
  return new Promise(resolve => {
    if (process.send === undefined || !process.connected) return resolve()
    process.send(message, () => resolve())
  })
}
