import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { describe } from '../model/describe.ts'
import { checkDurability } from '../model/durability.ts'
import { WaymarkError } from '../model/errors.ts'
import { isSchema } from '../model/schema.ts'
import type { ScopePath } from '../model/scope.ts'
import { checkLabels } from './check-labels.ts'
import { checkRetry } from './retry.ts'
import type { StageOptions } from './run.ts'

const rules: OptionRules<StageOptions> = {
  key: optionRules.key,
  version: { text: 'a text', holds: value => typeof value === 'string' },
  schema: { text: 'a Standard Schema, such as z.object({ … })', holds: isSchema },
  retry: optionRules.any,
  timeoutMs: optionRules.limitMs,
  totalTimeoutMs: optionRules.limitMs,
  durability: optionRules.any,
  metadata: optionRules.any,
  type: optionRules.any,
  tags: optionRules.any,
}

/** @throws WaymarkError `invalid` for an option of `run.stage` that cannot be meant, or without a function */
export function checkStage(path: ScopePath, fn: unknown, options: StageOptions): void {
  const call = `run.stage(${JSON.stringify(path)})`
  const means = 'Nothing of this stage was run.'
  if (typeof fn !== 'function') {
    throw new WaymarkError('invalid', {
      message: `${call}: what is to be called is ${describe(fn)}, not a function`,
      means,
      remedy: "run.stage('extract', () => fetchRows())",
      details: { stage: path },
    })
  }
  checkOptions(call, options, rules, means)
  checkRetry(options.retry)
  checkDurability(options.durability, call)
  checkLabels(options)
}
