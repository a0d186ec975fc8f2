import type { PlainOnly } from '../../test/plain-only.ts'
import type { TestEnd } from './test-ends.ts'

/** What the ends of the tests of a file say, with every store sealed. */
export interface SealedVerdict {
  readonly passed: number
  readonly skipped: number
  /** Tests that were to pass. */
  readonly failed: readonly TestEnd[]
  /** Tests that failed as they must, each with the reason. */
  readonly excepted: readonly { readonly name: string; readonly because: string }[]
  /** Exceptions that are none any more, each with what is wrong about it. */
  readonly stale: readonly string[]
}

/** @param exceptions those of this file */
export function judgeEnds(ends: readonly TestEnd[], exceptions: readonly PlainOnly[]): SealedVerdict {
  const reasons = new Map(exceptions.flatMap(({ tests, because }) => tests.map(name => [name, because])))
  const named = ends.filter(({ name }) => reasons.has(name))
  const others = ends.filter(({ name }) => !reasons.has(name))
  const seen = new Set(named.map(({ name }) => name))
  return {
    passed: others.filter(({ result }) => result === 'passed').length,
    skipped: others.filter(({ result }) => result === 'skipped').length,
    failed: others.filter(({ result }) => result === 'failed'),
    excepted: named.flatMap(({ name, result }) => (result === 'failed' ? { name, because: reasons.get(name) ?? '' } : [])),
    stale: [
      ...named.flatMap(({ name, result }) => (result === 'failed' ? [] : `${result}, so it is no exception: ${name}`)),
      ...[...reasons.keys()].filter(name => !seen.has(name)).map(name => `there is no such test: ${name}`),
    ],
  }
}
