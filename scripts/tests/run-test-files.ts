import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import type { TestProcess } from './plan-processes.ts'

/** More than a small machine has cores: many tests wait for processes that they started. */
const processesAtATime = 4

/** Of a test; with Node 22, of a process. */
const timeLimitMs = 300_000

export interface TestRunEnd {
  readonly failed: boolean
  /** Sentences about files whose tests did not all run, though nothing failed perhaps. */
  readonly incomplete: readonly string[]
}

/**
 * Runs tests as `node --test` does, with one report and one summary on stdout.
 *
 * @param processes Begun in this order.
 * @param stop Ends what runs.
 */
export async function runTestFiles(processes: readonly TestProcess[], stop: AbortSignal): Promise<TestRunEnd> {
  const scratch = mkdtempSync(join(tmpdir(), 'waymark-tests-'))
  try {
    const starts = processes.map(({ files, apart }, n) =>
      apart ? resolve(...files) : writeStart(join(scratch, `${n}.test.mjs`), files),
    )
    const unended = new Set(processes.flatMap(({ files, apart }) => (apart ? [] : files)))
    const silent: string[] = []
    let failed = false
    const events = run({ files: starts, concurrency: processesAtATime, timeout: timeLimitMs, signal: stop })
    events.on('test:complete', ({ nesting, name }) => nesting === 0 && unended.delete(name))
    events.on('test:fail', ({ todo }) => {
      if (todo === undefined || todo === false) failed = true
    })
    // A process is itself told of only where none of its tests was.
    events.on('test:pass', ({ name }) => starts.includes(name) && silent.push(name))
    for await (const text of events.compose(spec)) process.stdout.write(text)
    return {
      failed,
      incomplete: [
        ...silent.map(path => `${path} ended well without having reported a test`),
        ...[...unended].map(file => `${file} was not run to its end: its process ended before`),
      ],
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** Writes what a process that several files share is started with; returns the path. */
function writeStart(path: string, files: readonly string[]): string {
  const module = new URL('share-process.ts', import.meta.url).href
  writeFileSync(path, `import { shareProcess } from '${module}'\nshareProcess(${JSON.stringify(files)})\n`)
  return path
}
