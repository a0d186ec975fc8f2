import { fileFault } from '../files/file-faults.ts'
import { fileErrorCode } from '../files/file-system.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'

/** A failed operation on an output file as an error for the user. */
export function outputFailed(error: unknown, shown: string, path: string): WaymarkError {
  if (isWaymarkError(error)) return error
  const means = 'Lines counted so far are safe in the file; what came after them will be written again when the run is resumed.'
  switch (fileErrorCode(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new WaymarkError('unavailable', {
        message: `cannot write ${shown}: permission denied`,
        means,
        remedy: `Make ${path} and its folder writable for this user, then resume the run.`,
        cause: error,
        details: { file: path },
      })
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return new WaymarkError('invalid', {
        message: `cannot write ${shown}: a part of its path is not what it should be`,
        means: 'Nothing was written.',
        remedy: `See what stands in the way: ls -ld ${path} and the folders above it.`,
        cause: error,
        details: { file: path },
      })
    default:
      return fileFault(error, `write ${shown}`, means)
  }
}

/** What a conflict over an output is about. `stage` makes the remedy one that can be copied. */
export interface ConflictFacts {
  readonly shown: string
  readonly stage: string | undefined
  readonly details: Readonly<Record<string, unknown>>
}

/** Found before anything was touched: the output is not as the run left it. */
export function outputChanged(message: string, facts: ConflictFacts): WaymarkError {
  return new WaymarkError('conflict', {
    message,
    means:
      'Going on would leave lines missing or doubled, so nothing was changed. What this stage has done so far is only in that file.',
    remedy: `Put ${facts.shown} back as it was, or write it anew: --redo ${facts.stage ?? 'STAGE'}`,
    details: facts.details,
  })
}

/** Found while writing: the visible file is no longer the one being written, or not alone ours. */
export function outputTakenAway(message: string, facts: ConflictFacts): WaymarkError {
  return new WaymarkError('conflict', {
    message,
    means: 'What this stage wrote may not be in the visible file. It stopped; nothing more was counted.',
    remedy: `Let nothing else write ${facts.shown}, then write it anew: --redo ${facts.stage ?? 'STAGE'}`,
    details: facts.details,
  })
}
