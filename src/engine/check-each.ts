import { describe } from '../model/describe.ts'
import { nearest } from '../model/did-you-mean.ts'
import { checkDurability } from '../model/durability.ts'
import { WaymarkError } from '../model/errors.ts'
import { checkSavePolicy } from '../model/save-policy.ts'
import type { ScopePath } from '../model/scope.ts'
import { checkRetry } from './retry.ts'
import type { EachOptions } from './run.ts'

const names: { readonly [Name in keyof Required<EachOptions<unknown, unknown>>]: true } = {
  key: true,
  input: true,
  batch: true,
  concurrency: true,
  version: true,
  retry: true,
  output: true,
  save: true,
  durability: true,
  timeoutMs: true,
  totalTimeoutMs: true,
  tolerate: true,
}
const known: ReadonlySet<string> = new Set(Object.keys(names))

/** @throws WaymarkError `invalid` for an option of `run.each` that cannot be meant */
export function checkEachOptions(path: ScopePath, options: EachOptions<unknown, unknown>): void {
  if (typeof options !== 'object' || options === null)
    throw bad(path, `the options are ${describe(options)}, not an object`, '{ key: item => item.id }')
  for (const name of Object.keys(options)) {
    if (known.has(name)) continue
    const near = nearest(name, [...known])
    throw bad(
      path,
      `there is no option ${JSON.stringify(name)}`,
      near === undefined ? `There are ${[...known].join(', ')}.` : `Did you mean ${near}?`,
    )
  }
  checkRetry(options.retry)
  const { concurrency, batch, timeoutMs, totalTimeoutMs, key, version } = options
  if (!isCountOrAbsent(concurrency))
    throw bad(
      path,
      `the concurrency must be a whole number of at least 1, not ${describe(concurrency)}`,
      'concurrency: 16 means at most sixteen calls at a time.',
    )
  if (!isCountOrAbsent(batch))
    throw bad(
      path,
      `batch must be a whole number of at least 1, not ${describe(batch)}`,
      'batch: 50 calls the function with up to fifty items at a time.',
    )
  for (const [name, value] of Object.entries({ timeoutMs, totalTimeoutMs })) {
    if (value === undefined || (typeof value === 'number' && value > 0)) continue
    throw bad(
      path,
      `${name} must be a number of milliseconds above 0, not ${describe(value)}`,
      `${name}: 30_000 means thirty seconds.`,
    )
  }
  if (key !== undefined && typeof key !== 'function')
    throw bad(path, `key is ${describe(key)}, not a function`, 'key: item => item.id')
  if (version !== undefined && typeof version !== 'string')
    throw bad(path, `version is ${describe(version)}, not text`, "version: '2'")
  checkTolerance(path, options.tolerate)
  checkDurability(options.durability, `run.each(${JSON.stringify(path)})`)
  checkSavePolicy(options.save, `run.each(${JSON.stringify(path)})`)
}

function checkTolerance(path: ScopePath, tolerate: unknown): void {
  if (tolerate === undefined) return
  const example = 'tolerate: { count: 10 } or { share: 0.01 }, or both.'
  if (typeof tolerate !== 'object' || tolerate === null)
    throw bad(path, `tolerate is ${describe(tolerate)}, not an object`, example)
  for (const name of Object.keys(tolerate)) {
    if (name === 'count' || name === 'share') continue
    const near = nearest(name, ['count', 'share'])
    throw bad(path, `tolerate has no ${JSON.stringify(name)}`, near === undefined ? example : `Did you mean ${near}? ${example}`)
  }
  const { count, share }: { count?: unknown; share?: unknown } = tolerate
  if (count === undefined && share === undefined) throw bad(path, 'tolerate says neither count nor share', example)
  if (count !== undefined && !(Number.isInteger(count) && Number(count) >= 0))
    throw bad(path, `tolerate.count must be a whole number, not ${describe(count)}`, example)
  if (share !== undefined && !(typeof share === 'number' && share >= 0 && share <= 1))
    throw bad(path, `tolerate.share must be a number from 0 to 1, not ${describe(share)}`, example)
}

const isCountOrAbsent = (value: unknown): boolean => value === undefined || (Number.isInteger(value) && Number(value) >= 1)

function bad(path: ScopePath, what: string, remedy: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `run.each(${JSON.stringify(path)}): ${what}`,
    means: 'Nothing of this stage was run.',
    remedy,
    details: { stage: path },
  })
}
