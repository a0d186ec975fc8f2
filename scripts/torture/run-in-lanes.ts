import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Parts at work at the same time. A simulation keeps one core busy, and the killing of processes waits a lot. */
const lanes = 2

/**
 * Runs each part in a process of its own, two at a time. What one prints is printed as a whole when it ends.
 *
 * @param script Run with the arguments of a part; it ends when its channel is closed ({@link endWithParent}).
 * @returns True if all ended well.
 */
export async function runInLanes(script: string, parts: readonly (readonly string[])[]): Promise<boolean> {
  const waiting = [...parts]
  const running = new Set<ChildProcess>()
  const endAll = (): void => {
    for (const child of running) child.kill()
  }
  const stop = (signal: NodeJS.Signals): void => {
    endAll()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.on('exit', endAll).on('SIGINT', stop).on('SIGTERM', stop)
  let allWell = true
  const runNext = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift())
      if (!(await runOne(script, part, running))) allWell = false
  }
  await Promise.all(Array.from({ length: lanes }, runNext))
  process.off('exit', endAll).off('SIGINT', stop).off('SIGTERM', stop)
  return allWell
}

async function runOne(script: string, args: readonly string[], running: Set<ChildProcess>): Promise<boolean> {
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  running.add(child)
  const told = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      told[stream] += text
    })
  }
  const [code, signal] = await once(child, 'close')
  running.delete(child)
  process.stdout.write(told.stdout)
  process.stderr.write(told.stderr)
  if (signal !== null) console.error(`${args.join(' ')}: ended by ${signal}`)
  return code === 0
}

/** A part whose parent was killed has nobody to tell. */
export function endWithParent(): void {
  if (process.channel === undefined) return
  process.once('disconnect', () => process.exit(1))
  process.channel.unref()
}
