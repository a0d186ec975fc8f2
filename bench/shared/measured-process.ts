import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface MeasuredProcess {
  /** From before the start to after the end of the process. */
  readonly wallMs: number
  /** Highest resident memory; undefined without GNU time. */
  readonly peakBytes: number | undefined
  /** User and system time, of processes that it started and waited for too, to 10 ms; undefined without GNU time. */
  readonly cpuMs: number | undefined
  readonly stdout: string
}

export interface ProcessOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

const gnuTime = '/usr/bin/time'
export const canReadMemory = existsSync(gnuTime)

/**
 * Runs a command to its end and measures it from outside, the same for every contender. GNU time stands between, because the peak that the kernel counts for a process
 * started directly by this one would begin with ours.
 *
 * @throws Error with what it wrote if it fails
 */
export function runMeasured(command: string, args: readonly string[], options: ProcessOptions = {}): MeasuredProcess {
  const memoryFile = join(tmpdir(), `waymark-bench-${process.pid}.memory`)
  const [run, runArgs] = canReadMemory
    ? [gnuTime, ['--format', '%M %U %S', '--output', memoryFile, command, ...args]]
    : [command, [...args]]
  const start = performance.now()
  const { status, stdout, stderr, error } = spawnSync(run, runArgs, { ...options, encoding: 'utf8', maxBuffer: 2 ** 28 })
  const wallMs = performance.now() - start
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${status}\n${stdout}${stderr}`)
  if (!canReadMemory) return { wallMs, peakBytes: undefined, cpuMs: undefined, stdout }
  const told = readFileSync(memoryFile, 'utf8').trim().split('\n').at(-1) ?? ''
  const [kilobytes = 0, user = 0, system = 0] = told.split(' ').map(Number)
  rmSync(memoryFile)
  return { wallMs, peakBytes: kilobytes * 1024, cpuMs: (user + system) * 1_000, stdout }
}

/** Waits until all that was written is on the disk, so that no contender pays for another's. */
export function settleDisk(): void {
  spawnSync('sync')
}

export function isInstalled(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args).status === 0
}
