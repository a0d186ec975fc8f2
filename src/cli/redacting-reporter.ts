import { redactedJson } from '../engine/redacted-json.ts'
import type { RunEvent } from '../model/run-events.ts'
import type { Output } from './output.ts'
import type { RunEnd } from './render/end-lines.ts'
import type { RunReporter } from './run-reporter.ts'

/** Tells what another one is told, without what is not to be shown. */
export function redactingReporter(reporter: RunReporter, output: Pick<Output, 'redaction'>): RunReporter {
  const text = (given: string): string => output.redaction?.hidden.without(given) ?? given
  return {
    store: choice => reporter.store(choice),
    event: (event, time) => reporter.event(withoutSecrets(event, output), time),
    attach: watched => reporter.attach(watched),
    status: () => reporter.status(),
    userLine: (stream, given) => reporter.userLine(stream, text(given)),
    stopping: given => reporter.stopping(text(given)),
    restarting: (given, restart) => reporter.restarting(text(given), restart),
    notice: given => reporter.notice(text(given)),
    suspend: () => reporter.suspend(),
    end: end => reporter.end(withoutSecrets(end, output)),
  }
}

/** The same shape: only texts in it are others. */
function withoutSecrets<Told extends RunEvent | RunEnd>(told: Told, { redaction }: Pick<Output, 'redaction'>): Told {
  if (redaction === undefined || redaction.hidden.isEmpty) return told
  return redactedJson(told, redaction) as Told
}
