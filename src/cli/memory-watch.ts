import { existsSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../model/clock.ts'
import { bytes } from './render/quantities.ts'

const sampleEveryMs = 1_000
/** A process that last held this share of what it may have was near the limit. */
const nearLimitShare = 0.9

/**
 * Watches the memory of one process, so that its end by SIGKILL can be explained. "Out of memory" is said only with evidence: a counter of the
 * kernel that rose, or a last measurement near the limit. On other systems than Linux there is none.
 */
export class MemoryWatch {
  readonly #pid: number
  readonly #cancelSamples: () => void
  readonly #groups: readonly MemoryGroup[]
  readonly #killsBefore: number | undefined
  #lastBytes = 0

  constructor(pid: number, clock: Clock) {
    this.#pid = pid
    this.#groups = memoryGroups()
    this.#killsBefore = this.#kills()
    let cancel = () => {}
    const sample = () => {
      this.#lastBytes = residentBytes(this.#pid) ?? this.#lastBytes
      cancel = clock.after(sampleEveryMs, sample, { background: true })
    }
    sample()
    this.#cancelSamples = () => cancel()
  }

  /** To be called when the process has ended: evidence that memory ran out, or undefined. */
  evidence(): string | undefined {
    this.#cancelSamples()
    const kills = this.#kills()
    const resident = this.#lastBytes > 0 ? `, RSS ${bytes(this.#lastBytes)} shortly before` : ''
    if (kills !== undefined && this.#killsBefore !== undefined && kills > this.#killsBefore) {
      return `the kernel's out-of-memory killer ended a process of this memory group${resident}`
    }
    const limit = Math.min(totalmem(), ...this.#groups.map(group => group.limitBytes))
    if (this.#lastBytes >= nearLimitShare * limit)
      return `RSS ${bytes(this.#lastBytes)} of ${bytes(limit)} at the last measurement`
    return undefined
  }

  /** How often the kernel has killed for want of memory in the innermost group that counts it. */
  #kills(): number | undefined {
    for (const group of this.#groups) {
      const kills = group.kills()
      if (kills !== undefined) return kills
    }
    return undefined
  }
}

interface MemoryGroup {
  readonly limitBytes: number
  readonly kills: () => number | undefined
}

/** The memory control groups this process, and so its children, belong to: innermost first. */
function memoryGroups(): MemoryGroup[] {
  const lines = (readText('/proc/self/cgroup') ?? '').split('\n')
  for (const line of lines) {
    const [hierarchy, controllers = '', path = '/'] = line.split(':')
    if (controllers.split(',').includes('memory'))
      return groupsAlong('/sys/fs/cgroup/memory', path, 'memory.oom_control', 'memory.limit_in_bytes')
    if (hierarchy === '0' && existsSync('/sys/fs/cgroup/cgroup.controllers'))
      return groupsAlong('/sys/fs/cgroup', path, 'memory.events', 'memory.max')
  }
  return []
}

function groupsAlong(mount: string, path: string, counterFile: string, limitFile: string): MemoryGroup[] {
  const groups: MemoryGroup[] = []
  const parts = path.split('/').filter(part => part !== '')
  // In a container the path is often that of the host, of which only the root is mounted.
  for (let depth = parts.length; depth >= 0; depth--) {
    const folder = join(mount, ...parts.slice(0, depth))
    const counter = join(folder, counterFile)
    if (!existsSync(counter)) continue
    const limit = Number(readText(join(folder, limitFile)))
    groups.push({
      // `max` in version 2, and a number beyond any machine in version 1, mean none.
      limitBytes: Number.isFinite(limit) && limit > 0 ? limit : Number.POSITIVE_INFINITY,
      kills: () => numberAfter('oom_kill', readText(counter)),
    })
  }
  return groups
}

function residentBytes(pid: number): number | undefined {
  const kilobytes = numberAfter('VmRSS:', readText(`/proc/${pid}/status`))
  return kilobytes === undefined ? undefined : kilobytes * 1024
}

/** The number that follows a name at the beginning of a line. */
function numberAfter(name: string, text: string | undefined): number | undefined {
  for (const line of (text ?? '').split('\n')) {
    const [first, second] = line.split(/\s+/)
    if (first === name && second !== undefined) return Number(second)
  }
  return undefined
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
