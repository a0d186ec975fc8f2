import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { fileErrorCode } from '../files/file-system.ts'
import type { Owner } from '../model/owner.ts'

/** Facts that tell this process apart from any other that ever had its pid. Where not all of them can be read, as on other systems than Linux, only host and pid are given. */
export function identifyProcess(name: string): Owner {
  const known = { process: name, host: hostname(), pid: process.pid }
  try {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const pidNamespace = readlinkSync('/proc/self/ns/pid')
    const processStart = processStartOf(process.pid)
    return processStart === undefined ? known : { ...known, bootId, pidNamespace, processStart }
  } catch {
    return known
  }
}

/**
 * Whether the owner's process lives, as far as this process can prove: only on Linux, in the same boot and pid namespace (two containers share a boot id and do not see each
 * other's pids). `unknown` leaves it to the lease.
 */
export function provenLiveness(owner: Owner, self: Owner): 'alive' | 'dead' | 'unknown' {
  if (owner.processStart === undefined || self.processStart === undefined) return 'unknown'
  if (owner.host !== self.host || owner.bootId !== self.bootId || owner.pidNamespace !== self.pidNamespace) return 'unknown'
  return runsStill(owner.pid, owner.processStart)
}

/** `unknown` where the machine does not let us look, as when this process has too many files open: that proves nothing. */
function runsStill(pid: number, start: string): 'alive' | 'dead' | 'unknown' {
  try {
    return processStartOf(pid) === start ? 'alive' : 'dead'
  } catch {
    return 'unknown'
  }
}

/** Whether the process that supervised a living owner is provably gone, so that nobody waits for that owner any more. */
export function isOrphan(owner: Owner, self: Owner): boolean {
  const { supervisor } = owner
  if (supervisor?.processStart === undefined || provenLiveness(owner, self) !== 'alive') return false
  return runsStill(supervisor.pid, supervisor.processStart) === 'dead'
}

/** Kills an orphan at once; its identity is checked again right before. */
export function endOrphan(owner: Owner, self: Owner): void {
  if (isOrphan(owner, self)) process.kill(owner.pid, 'SIGKILL')
}

/** Start time of a process in clock ticks since boot (field 22 of `/proc/<pid>/stat`); undefined if there is no such process. A zombie counts as gone. Throws if that cannot be found out. */
export function processStartOf(pid: number): string | undefined {
  const stat = readStat(pid)
  if (stat === undefined) return undefined
  // The second field is the command in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  return state === 'Z' || state === 'X' ? undefined : fields[19]
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    const code = fileErrorCode(error)
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
