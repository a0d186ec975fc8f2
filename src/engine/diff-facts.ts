import { compareValues } from '../diff/compare-values.ts'
import { total } from '../diff/found-differences.ts'
import { maskedDifferences } from '../diff/masked-differences.ts'
import type { CodeDigest } from '../model/code-digest.ts'
import type { ItemCounts } from '../model/records.ts'
import type { RunView, StageView } from '../model/run-view.ts'
import { SecretMask } from '../model/secret-mask.ts'
import { codeChanges } from './code-changes.ts'
import { decodeFound } from './decode-found.ts'
import type { StoreDiffOptions } from './diff-options.ts'
import type { FactDifference } from './diff-report.ts'
import type { StoreCore } from './store-core.ts'

/** Less work than this says little about speed, in milliseconds. */
const leastMs = 100
/** Speeds and durations nearer to one another than this share are told as the same: no two runs take equally long. */
const leastShare = 0.1

/** What an attempt ran with. */
export interface AttemptFacts {
  readonly code: CodeDigest | undefined
  readonly node: string
}

/** Of each attempt at a run, from its log. */
export async function attemptsOf(core: StoreCore, run: RunView): Promise<ReadonlyMap<number, AttemptFacts>> {
  const heads = await core.feed.query(catalog => catalog.heads([run.id]))
  const { records } = await core.log.history(run.id, heads.get(run.id)?.segment)
  const attempts = new Map<number, AttemptFacts>()
  for (const found of records) {
    const record = await decodeFound(core.log, found)
    if (record.type === 'attempt.started') attempts.set(record.attempt, { code: record.code, node: record.node })
  }
  return attempts
}

/** Facts in which two runs differ as a whole. */
export function runFacts(
  a: RunView,
  b: RunView,
  ranA: AttemptFacts | undefined,
  ranB: AttemptFacts | undefined,
  options: StoreDiffOptions,
): readonly FactDifference[] {
  const facts: FactDifference[] = []
  if (a.state !== b.state) facts.push({ name: 'state', before: a.state, after: b.state })
  if (a.cause?.kind !== b.cause?.kind || a.cause?.signal !== b.cause?.signal) {
    facts.push({ name: 'cause', before: a.cause, after: b.cause })
  }
  if (a.error?.message !== b.error?.message) facts.push({ name: 'error', before: a.error, after: b.error })
  facts.push(...codeFacts(ranA, ranB))
  facts.push(...valueFact('params', a.params, b.params, options))
  const [tookA, tookB] = [tookMs(a), tookMs(b)]
  if (tookA !== undefined && tookB !== undefined) facts.push(...durationFact(tookA, tookB))
  return facts
}

/** Facts in which two calls of a stage differ. The code is that of the run where `ran` is left out. */
export function stageFacts(
  a: StageView,
  b: StageView,
  options: StoreDiffOptions,
  ranA?: AttemptFacts,
  ranB?: AttemptFacts,
): readonly FactDifference[] {
  const facts: FactDifference[] = []
  if (a.state !== b.state) facts.push({ name: 'state', before: a.state, after: b.state })
  if (a.error?.message !== b.error?.message) facts.push({ name: 'error', before: a.error, after: b.error })
  if (a.version !== b.version) facts.push({ name: 'version', before: a.version, after: b.version })
  facts.push(...codeFacts(ranA, ranB))
  if (a.input?.digest !== b.input?.digest || a.input?.from !== b.input?.from) {
    facts.push({ name: 'input', before: a.input, after: b.input })
  }
  if (!haveSameCounts(a.counts, b.counts)) facts.push({ name: 'items', before: a.counts, after: b.counts })
  facts.push(...valueFact('metadata', a.metadata, b.metadata, options))
  if (a.durationMs === undefined || b.durationMs === undefined) return facts
  const [speedA, speedB] = [speedOf(a), speedOf(b)]
  if (speedA === undefined || speedB === undefined) facts.push(...durationFact(a.durationMs, b.durationMs))
  else if (areApart(speedA, speedB)) facts.push({ name: 'speed', before: speedA, after: speedB })
  return facts
}

/** Two runs of the same work never take equally long: that alone is no difference. */
export const isOfTime = ({ name }: FactDifference): boolean => name === 'speed' || name === 'duration'

function codeFacts(a: AttemptFacts | undefined, b: AttemptFacts | undefined): readonly FactDifference[] {
  const facts: FactDifference[] = []
  if (a === undefined || b === undefined) return facts
  if (a.code?.digest !== b.code?.digest) {
    facts.push({ name: 'code', before: a.code?.digest, after: b.code?.digest, changes: codeChanges(a.code, b.code) })
  }
  if (a.node !== b.node) facts.push({ name: 'node', before: a.node, after: b.node })
  return facts
}

function valueFact(name: 'params' | 'metadata', a: unknown, b: unknown, options: StoreDiffOptions): readonly FactDifference[] {
  const { differences, counts } = compareValues(a ?? {}, b ?? {}, { limit: 100 })
  if (total(counts) === 0) return []
  return [
    {
      name,
      differences: options.showSecrets === true ? differences : maskedDifferences(new SecretMask(options.mask), differences),
    },
  ]
}

const durationFact = (before: number, after: number): readonly FactDifference[] =>
  Math.max(before, after) >= leastMs && areApart(before, after) ? [{ name: 'duration', before, after }] : []

const areApart = (a: number, b: number): boolean => Math.abs(a - b) > leastShare * Math.max(a, b)

const tookMs = ({ createdAt, endedAt }: RunView): number | undefined => (endedAt === undefined ? undefined : endedAt - createdAt)

/** Items a second over the whole stage; of one that several attempts worked on the time is not known. */
function speedOf({ counts, durationMs, attempt, before }: StageView): number | undefined {
  if (counts === undefined || durationMs === undefined || durationMs < leastMs) return undefined
  if (before !== undefined && attempt > 1) return undefined
  return handled(counts) / (durationMs / 1000)
}

const handled = ({ done, skipped, setAside }: ItemCounts): number => done + skipped + setAside

/** Retries are no difference in what was done. */
const haveSameCounts = (a: ItemCounts | undefined, b: ItemCounts | undefined): boolean =>
  a?.total === b?.total && a?.done === b?.done && a?.skipped === b?.skipped && a?.setAside === b?.setAside
