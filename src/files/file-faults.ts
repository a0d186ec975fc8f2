import { type ErrorText, WaymarkError } from '../model/errors.ts'
import { fileErrorCode } from './file-system.ts'

/**
 * A failed file operation as an error for the user. `doing` completes "cannot …"; `means` says what the failure did to the data.
 * A WaymarkError passes through unchanged.
 */
export function fileFault(error: unknown, doing: string, means: string): WaymarkError {
  if (error instanceof WaymarkError) return error
  const code = fileErrorCode(error)
  const message = `cannot ${doing}: ${error instanceof Error ? error.message : String(error)}`
  const text = (remedy: string, retryable: boolean): ErrorText => ({
    message,
    means,
    remedy,
    retryable,
    cause: error,
    ...(code === undefined ? {} : { details: { fileError: code } }),
  })
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new WaymarkError('disk_full', text('Free some space on that disk, then run the same command again.', true))
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new WaymarkError('unavailable', text('Make the path writable for this user, or choose another with --store.', false))
    case 'EMFILE':
    case 'ENFILE':
      return new WaymarkError('limit', text('Raise the limit of open files (ulimit -n), then run the same command again.', true))
    case undefined:
      return new WaymarkError('internal', text('Report this with the stack below.', false))
    default:
      return new WaymarkError('unavailable', text('Check the disk (dmesg, df), then run the same command again.', true))
  }
}
