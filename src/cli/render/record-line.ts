import type { LogEvent } from '../../engine/log-events.ts'
import type { EventsRecorded } from '../../model/event-records.ts'
import { originText } from '../../model/fork-origin.ts'
import { itemsIn } from '../../model/items-in.ts'
import type { ItemCounts } from '../../model/records.ts'
import { checkText, proofText } from '../../model/recovery-proof.ts'
import { requestText } from '../../model/stop-request.ts'
import { type LogField, logLine } from './logfmt.ts'
import { positionText } from './position-text.ts'
import { causeText } from './run-label.ts'

/** A record of a run's log as one line. */
export function recordLine(event: LogEvent): string {
  return logLine(event.time, event.type, fieldsOf(event))
}

function fieldsOf(event: LogEvent): Record<string, LogField> {
  switch (event.type) {
    case 'run.created':
      return {
        pipeline: event.pipeline,
        params: JSON.stringify(event.params),
        file: event.file,
        forked: event.forkedFrom && originText(event.forkedFrom),
      }
    case 'attempt.started':
      return {
        attempt: event.attempt,
        pid: event.owner.pid,
        host: event.owner.host,
        node: event.node,
        recovery: event.plan.recovery?.type,
        why: event.plan.reason,
      }
    case 'attempt.ended':
      return {
        attempt: event.attempt,
        state: event.state,
        by: event.request && requestText(event.request),
        cause: event.cause === undefined ? undefined : causeText(event.cause),
        error: event.error === undefined ? undefined : `${event.error.name}: ${event.error.message}`,
        checkpoint: event.result?.id ?? event.errorCheckpoint,
        held: event.held,
        proof: event.proof === undefined ? undefined : proofText(event.proof, String),
        check: event.check === undefined ? undefined : checkText(event.check),
      }
    case 'stage.started':
      return { stage: event.path, kind: event.kind, version: event.version, redo: event.redo }
    case 'stage.progress':
      return { stage: event.path, ...counts(event.counts), output: event.output && positionText(event.output) }
    case 'stage.done':
      return {
        stage: event.path,
        ms: Math.round(event.durationMs),
        ...counts(event.counts),
        checkpoint: event.checkpoint?.id,
        bytes: event.checkpoint?.logicalBytes,
        output: event.output?.path,
      }
    case 'stage.failed':
      return {
        stage: event.path,
        ms: Math.round(event.durationMs),
        item: event.error.item,
        error: `${event.error.name}: ${event.error.message}`,
      }
    case 'output.started':
      return { stage: event.path, output: event.output.path }
    case 'items.requeued':
      return { stage: event.path, items: itemsIn(event) }
    case 'stage.reset':
      return { stage: event.path === '' ? undefined : event.path }
    case 'stage.inherited':
      return { stage: event.path, state: event.stage.state, from: event.stage.inheritedFrom ?? event.stage.run }
    case 'stage.noted':
      return { stage: event.path, step: event.currentStep, noted: Object.keys(event.metadata ?? {}).join(',') || undefined }
    case 'value.drawn':
      return { kind: event.kind, value: event.value }
    case 'checkpoint.saved':
      return { checkpoint: event.checkpoint.id, kind: event.checkpoint.type, bytes: event.checkpoint.logicalBytes }
    case 'checkpoint.noted':
      return { checkpoint: event.checkpoint.id, kind: event.checkpoint.type }
    case 'checkpoint.deleted':
      return { checkpoint: event.id }
    case 'events.recorded':
      return { attempt: event.attempt, events: event.facets.reduce((sum, facet) => sum + facet[3], 0), types: typesIn(event) }
    case 'checkpoint.changed':
      return { checkpoint: event.id, changed: Object.keys(event.changes).join(',') }
  }
}

const typesIn = ({ facets }: EventsRecorded): string => [...new Set(facets.map(([type]) => type))].join(',')

const counts = (items: ItemCounts | undefined): Record<string, LogField> =>
  items === undefined
    ? {}
    : {
        items: items.total === undefined ? items.done : `${items.done}/${items.total}`,
        skipped: items.skipped === 0 ? undefined : items.skipped,
        setaside: items.setAside === 0 ? undefined : items.setAside,
        retries: items.retries === 0 ? undefined : items.retries,
      }
