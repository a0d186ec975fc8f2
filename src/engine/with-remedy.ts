import { WaymarkError } from '../model/errors.ts'

/** The same error with another way out: an option of the library is of no use on the command line, and the other way round. */
export function withRemedy({ code, message, means, details, cause }: WaymarkError, remedy: string): WaymarkError {
  return new WaymarkError(code, {
    message,
    means,
    remedy,
    ...(details === undefined ? {} : { details }),
    ...(cause === undefined ? {} : { cause }),
  })
}
