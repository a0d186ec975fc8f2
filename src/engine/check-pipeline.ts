import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { isSchema, type Schema } from '../model/schema.ts'
import { checkRetention } from './check-retention.ts'
import type { AttemptOptions, PipelineOptions } from './pipeline.ts'
import { checkRedact } from './redaction.ts'

const schema = { text: 'a Standard Schema, such as z.object({ … })', holds: isSchema }

const pipelineRules: OptionRules<PipelineOptions & { readonly params?: Schema | undefined }> = {
  params: schema,
  stages: optionRules.names,
  codecs: optionRules.list,
  check: optionRules.function,
  retention: optionRules.any,
  redact: optionRules.any,
  events: {
    text: 'a Standard Schema for each type of event',
    holds: value => typeof value === 'object' && value !== null && Object.values(value).every(isSchema),
  },
  records: {
    text: 'a Standard Schema for each record stream',
    holds: value => typeof value === 'object' && value !== null && Object.values(value).every(isSchema),
  },
  recordTail: {
    text: 'a whole number from 0 to 100',
    holds: value => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= 100,
  },
}

const runRules: OptionRules<AttemptOptions> = {
  store: optionRules.any,
  signal: optionRules.signal,
  stopSignal: optionRules.signal,
  fresh: optionRules.flag,
  redo: optionRules.any,
  from: optionRules.any,
  only: optionRules.any,
  until: optionRules.any,
  runId: optionRules.text,
  acceptInput: optionRules.flag,
  acceptStale: optionRules.flag,
  staleAfterMs: optionRules.spanMs,
  durability: optionRules.any,
  resumePaused: optionRules.flag,
  onEvent: optionRules.function,
  file: optionRules.text,
  code: optionRules.any,
  restart: optionRules.any,
  supervisor: optionRules.any,
  planOnly: optionRules.flag,
}

/** @throws WaymarkError `invalid` */
export function checkPipelineOptions(name: string, options: PipelineOptions): void {
  const call = `pipeline(${JSON.stringify(name)})`
  checkOptions(call, options, pipelineRules, 'Nothing was run.')
  checkRetention(call, options.retention)
  checkRedact(call, options.redact)
}

/** @throws WaymarkError `invalid` */
export const checkRunOptions = (name: string, options: unknown): void =>
  checkOptions(`the run of ${name}`, options, runRules, 'Nothing was run.')
