import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Owner } from '../model/owner.ts'

/** Facts that tell this process apart from any other that ever had its pid. On other systems than Linux only host and pid are known. */
export function identifyProcess(name: string): Owner {
  const bootId = readText('/proc/sys/kernel/random/boot_id')
  const pidNamespace = readLink('/proc/self/ns/pid')
  const processStart = processStartOf(process.pid)
  return {
    process: name,
    host: hostname(),
    pid: process.pid,
    ...(bootId === undefined ? {} : { bootId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    ...(processStart === undefined ? {} : { processStart }),
  }
}

/**
 * Whether the owner's process lives, as far as this process can prove: only on Linux, in the same boot and pid namespace (two containers share a boot id and do not see each
 * other's pids). `unknown` leaves it to the lease.
 */
export function provenLiveness(owner: Owner, self: Owner): 'alive' | 'dead' | 'unknown' {
  if (owner.processStart === undefined || self.processStart === undefined) return 'unknown'
  if (owner.host !== self.host || owner.bootId !== self.bootId || owner.pidNamespace !== self.pidNamespace) return 'unknown'
  return processStartOf(owner.pid) === owner.processStart ? 'alive' : 'dead'
}

/** Whether the process that supervised a living owner is provably gone, so that nobody waits for that owner any more. */
export function isOrphan(owner: Owner, self: Owner): boolean {
  const { supervisor } = owner
  if (supervisor?.processStart === undefined || provenLiveness(owner, self) !== 'alive') return false
  return processStartOf(supervisor.pid) !== supervisor.processStart
}

/** Kills an orphan at once; its identity is checked again right before. */
export function endOrphan(owner: Owner, self: Owner): void {
  if (isOrphan(owner, self)) process.kill(owner.pid, 'SIGKILL')
}

/** Start time of a process in clock ticks since boot (field 22 of `/proc/<pid>/stat`); undefined if there is no such process. A zombie counts as gone. */
export function processStartOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field is the command in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  return state === 'Z' || state === 'X' ? undefined : fields[19]
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
