import { fileError } from '../files/file-error.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { FileOperation, OperationKind } from './intercepted-files.ts'
import { interceptedFiles } from './intercepted-files.ts'
import type { SeededRandom } from './seeded-random.ts'
import { seededRandom } from './seeded-random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

const everyKind: readonly OperationKind[] = [
  'open',
  'makeDirectory',
  'list',
  'stat',
  'exists',
  'rename',
  'remove',
  'syncDirectory',
  'write',
  'read',
  'sync',
  'truncate',
  'close',
]

const growing: readonly OperationKind[] = ['open', 'makeDirectory', 'rename', 'syncDirectory', 'write', 'sync', 'truncate']

/** Which operations an error can hit in reality; EACCES not those of a file that is open already. */
export const kindsHitBy = {
  ENOSPC: growing,
  EDQUOT: growing,
  EIO: everyKind,
  EMFILE: ['open', 'list', 'syncDirectory'],
  EACCES: ['open', 'makeDirectory', 'list', 'stat', 'exists', 'rename', 'remove', 'syncDirectory'],
  EINTR: everyKind,
} as const satisfies Readonly<Record<string, readonly OperationKind[]>>

export type FaultCode = keyof typeof kindsHitBy

/** An operation as a fault plan sees it. */
export interface CountedOperation extends FileOperation {
  /** Counted from 1 over all operations of this wrapper. */
  readonly nth: number
  /** Counted from 1 over those of the same kind. */
  readonly nthOfKind: number
}

export interface Fault {
  /** Which operation to fail. */
  readonly when: (operation: CountedOperation) => boolean
  readonly code: FaultCode
  /**
   * - `once` (default): the first operation that `when` names.
   * - `whenever`: each one it names.
   * - `from-then-on`: the first it names, and after it every operation that the code can hit ({@link kindsHitBy}): a disk that
   *   stays full.
   */
  readonly lasts?: 'once' | 'whenever' | 'from-then-on'
  /**
   * What the failed operation did all the same. `nothing` (default); `part`: a write left its first bytes, a random number of
   * them; `all`: it took effect and only the answer says no.
   */
  readonly effect?: 'nothing' | 'part' | 'all'
}

export interface FaultOptions {
  /**
   * The disk underneath: a `sync` that fails then loses what it should have stored, as a failed fsync does: the bytes are gone at
   * once, or stay readable until the next crash, by the seed. They are marked clean: a later `sync` that succeeds does not store
   * them.
   */
  readonly disk?: SimulatedDisk
  /** For the parts and losses. Default: seed 0. */
  readonly random?: SeededRandom
}

export interface FaultyFiles extends FileSystem {
  /** The operations failed so far: a test looks here that its fault came up at all. */
  readonly failed: readonly CountedOperation[]
}

/** A file system whose operations fail as planned; of several faults that name an operation the first counts. */
export function faultyFiles(files: FileSystem, faults: readonly Fault[], options: FaultOptions = {}): FaultyFiles {
  const random = options.random ?? seededRandom(0)
  const failed: CountedOperation[] = []
  const began = new Set<Fault>()
  const count = counter()

  const hits = (fault: Fault, operation: CountedOperation): boolean => {
    if (began.has(fault)) {
      if (fault.lasts === 'from-then-on') return kindsHitBy[fault.code].some(kind => kind === operation.kind)
      if (fault.lasts !== 'whenever') return false
    }
    return fault.when(operation)
  }

  return {
    ...interceptedFiles(files, async (operation, perform) => {
      const counted = count(operation)
      const fault = faults.find(candidate => hits(candidate, counted))
      if (!fault) return perform()
      began.add(fault)
      failed.push(counted)
      await partialEffect(fault.effect ?? 'nothing', operation, perform, random, options.disk)
      throw fileError(fault.code, operation.kind, operation.path)
    }),
    failed,
  }
}

async function partialEffect<T>(
  effect: 'nothing' | 'part' | 'all',
  operation: FileOperation,
  perform: () => Promise<T>,
  random: SeededRandom,
  disk: SimulatedDisk | undefined,
): Promise<void> {
  const { kind, file, bytes, position } = operation
  // A close that fails has closed (Linux): a wrapper that kept the file open would leak it.
  if (effect === 'all' || kind === 'close') {
    const result = await perform()
    if (kind === 'open' && isOpenFile(result)) await result.close()
  } else if (kind === 'write' && effect === 'part' && file && bytes && position !== undefined && bytes.length > 0) {
    await file.write(bytes.subarray(0, random.integer(bytes.length)), position)
  } else if (kind === 'sync' && file && disk) {
    disk.failSync((await file.stat()).identity, random.pick(['drop', 'keep']))
  }
}

function isOpenFile(value: unknown): value is { close(): Promise<void> } {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function'
}

/**
 * A file system in which the `sync` and `syncDirectory` calls that `which` names do nothing and report success: take one away,
 * and a crash test must go red, or nothing needs it.
 */
export function ignoring(files: FileSystem, which: (operation: CountedOperation) => boolean): FileSystem {
  const count = counter()
  return interceptedFiles(files, (operation, perform, skip) => {
    const counted = count(operation)
    return skip && which(counted) ? skip() : perform()
  })
}

/**
 * A file system that awaits `delay` before each operation.
 *
 * @example
 * delaying(files, operation => (operation.kind === 'sync' ? sleep(clock, 10) : undefined))
 */
export function delaying(files: FileSystem, delay: (operation: CountedOperation) => Promise<unknown> | undefined): FileSystem {
  const count = counter()
  return interceptedFiles(files, async (operation, perform) => {
    await delay(count(operation))
    return perform()
  })
}

export interface CountingFiles extends FileSystem {
  /** Calls by kind since the start or the last `reset`. */
  readonly counts: Readonly<Record<OperationKind, number>>
  /** Calls of `sync` and `syncDirectory` together. */
  readonly fsyncs: number
  reset(): void
}

/** A file system that counts. */
export function countingFiles(files: FileSystem): CountingFiles {
  let counts = noCounts()
  const counted = interceptedFiles(files, (operation, perform) => {
    counts[operation.kind]++
    return perform()
  })
  return {
    ...counted,
    get counts() {
      return counts
    },
    get fsyncs() {
      return counts.sync + counts.syncDirectory
    },
    reset() {
      counts = noCounts()
    },
  }
}

function counter(): (operation: FileOperation) => CountedOperation {
  const counts = noCounts()
  let nth = 0
  return operation => ({ ...operation, nth: ++nth, nthOfKind: ++counts[operation.kind] })
}

function noCounts(): Record<OperationKind, number> {
  return {
    open: 0,
    makeDirectory: 0,
    list: 0,
    stat: 0,
    exists: 0,
    rename: 0,
    remove: 0,
    syncDirectory: 0,
    write: 0,
    read: 0,
    sync: 0,
    truncate: 0,
    close: 0,
  }
}
