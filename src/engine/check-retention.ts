import { checkOptions, type OptionRules } from '../model/check-options.ts'
import type { CleanUpOptions } from './clean-up.ts'

/** Which checkpoints are deleted whenever a run ends; `{}` is what `waymark cleanup` does by default. */
export type Retention = Pick<CleanUpOptions, 'olderThanDays' | 'newestRuns'>

const rules: OptionRules<Retention> = {
  olderThanDays: {
    text: 'a number of days from 0 on',
    holds: value => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  },
  newestRuns: { text: 'a whole number from 0 on', holds: value => Number.isSafeInteger(value) && Number(value) >= 0 },
}

/** @throws WaymarkError `invalid` */
export function checkRetention(call: string, retention: unknown): void {
  if (retention !== undefined && retention !== false) checkOptions<Retention>(`retention of ${call}`, retention, rules)
}
