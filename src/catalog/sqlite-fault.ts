import { WaymarkError } from '../model/errors.ts'
import { cannotGrowSharedMemory, sqliteKind as kind, sqliteCodeOf } from '../model/sqlite-codes.ts'

/** Which file an error is about. */
export interface CatalogFile {
  readonly path: string
  /** Tells the file from another one put in its place; see `setCatalogAside`. Missing for a catalog in memory. */
  readonly identity?: string | undefined
}

/** The error upon which a caller rebuilds. */
export function catalogDamaged(file: CatalogFile, reason: string, cause?: unknown): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `the catalog ${file.path} is damaged: ${reason}`,
    means: 'Nothing durable is lost: the catalog is only a view of the log.',
    remedy: 'Open the store again: the damaged file is set aside and the catalog rebuilt from the log.',
    cause,
    details: { catalog: true, path: file.path, ...(file.identity === undefined ? {} : { identity: file.identity }) },
  })
}

/** Extended codes of a read that failed, as opposed to a write, a sync or a lock: read, short read, checksum, file system. */
const failedReads: ReadonlySet<number> = new Set([266, 522, 8202, 8458])
/** A value of the caller's that is no whole number: NULL, or of another kind. */
const badValues: ReadonlySet<number> = new Set([1299, 3091])

/** An error of node:sqlite as an error for the user. A WaymarkError passes through unchanged. */
export function sqliteFault(error: unknown, file: CatalogFile): WaymarkError {
  if (error instanceof WaymarkError) return error
  const reason = error instanceof Error ? error.message : String(error)
  const message = `the catalog ${file.path} cannot be used: ${reason}`
  const means = 'Nothing was changed in the catalog; the log, which is the truth, is not affected.'
  // A number no JavaScript number can hold was never written here.
  if (error instanceof RangeError) return catalogDamaged(file, reason, error)
  const code = sqliteCodeOf(error)
  const details = { sqliteCode: code }
  switch (code & 0xff) {
    case kind.busy:
    case kind.locked:
      return new WaymarkError('unavailable', {
        message: `the catalog ${file.path} is in use by another process`,
        means,
        remedy: 'Try again; if it lasts, look for a stopped process that uses the store.',
        retryable: true,
        cause: error,
        details,
      })
    case kind.full:
      return diskFull()
    case kind.ioError:
      if (failedReads.has(code)) return catalogDamaged(file, reason, error)
      if (code === cannotGrowSharedMemory) return diskFull()
      return new WaymarkError('unavailable', {
        message,
        means,
        remedy: 'Check the disk (dmesg, df), then run the same command again.',
        retryable: true,
        cause: error,
        details,
      })
    case kind.readonly:
    case kind.cannotOpen:
      return new WaymarkError('unavailable', {
        message,
        means,
        remedy: `Make the folder of ${file.path} and the files in it writable for this user, or choose another with --store.`,
        cause: error,
        details,
      })
    case kind.constraint:
      if (badValues.has(code)) break
      return catalogDamaged(file, reason, error) // an index and its table disagree whether a row is there
    case kind.error: // every statement is fixed, so only a damaged schema can make it wrong
    case kind.corrupt:
    case kind.tooBig:
    case kind.mismatch:
    case kind.notADatabase:
      return catalogDamaged(file, reason, error)
  }
  return new WaymarkError('internal', { message, means, remedy: 'Report this with the stack below.', cause: error, details })

  function diskFull(): WaymarkError {
    return new WaymarkError('disk_full', {
      message: `no space is left for the catalog ${file.path}`,
      means,
      remedy: 'Free some space on that disk, then run the same command again.',
      retryable: true,
      cause: error,
      details,
    })
  }
}
