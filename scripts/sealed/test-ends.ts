import { finished } from 'node:stream/promises'
import { run } from 'node:test'

/** How a test ended; a suite, or a test that failed only by those in it, is none. */
export interface TestEnd {
  /** With the suites and tests that it is in before it: `suite › test`. A file that ended before its tests did is called by its path. */
  readonly name: string
  readonly result: 'passed' | 'failed' | 'skipped'
  readonly error: unknown
}

/** What no test of ours reaches, on a loaded machine neither. */
const timeoutMs = 600_000

/** Runs a test file in a process of its own. */
export async function testEnds(file: string): Promise<readonly TestEnd[]> {
  const ends: TestEnd[] = []
  const begun: string[] = []
  const events = run({ files: [file], concurrency: 1, timeout: timeoutMs })
  const end = (nesting: number, name: string, result: TestEnd['result'], error?: unknown): void => {
    ends.push({ name: [...begun.slice(0, nesting), name].join(' › '), result, error })
  }
  // Told in the order of the file, so those that are begun and not over are what a test is in.
  events.on('test:start', ({ nesting, name }) => {
    begun[nesting] = name
  })
  events.on('test:pass', ({ nesting, name, skip, details }) => {
    if (details.type !== 'suite') end(nesting, name, skip === undefined || skip === false ? 'passed' : 'skipped')
  })
  events.on('test:fail', ({ nesting, name, details: { error } }) => {
    if (failureOf(error) !== 'subtestsFailed') end(nesting, name, 'failed', error.cause ?? error)
  })
  await finished(events.resume())
  return ends
}

const failureOf = (error: Error): unknown => ('failureType' in error ? error.failureType : undefined)
