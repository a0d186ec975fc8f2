import type { ScopePath } from './scope.ts'

/**
 * Where a forked run begins: what the run it was made from had recorded up to there counts as recorded in it. Nothing is copied; the records stay those of that run, whatever becomes of it later.
 */
export interface ForkOrigin {
  readonly run: string
  /** The checkpoint it was forked at, where there is one. */
  readonly checkpoint?: string
  /** The stage it was forked at the end or in the middle of, or (`before`) before the beginning of. */
  readonly stage?: ScopePath
  readonly before?: true
  /** Wall milliseconds of the last record that counts. */
  readonly time: number
  /** The last record that counts: the fencing token of its owner … */
  readonly token: number
  /** … and its number among that owner's. */
  readonly sequence: number
  /** Names of the params that are not those of the run it was made from. */
  readonly changedParams?: readonly string[]
}

/** `7kq2m4 at enrich`, in words for plans and lists. */
export function originText({ run, stage, before }: ForkOrigin, shown: string = run): string {
  if (stage === undefined) return shown
  return `${shown} ${before === true ? 'before' : 'at'} ${stage}`
}

/** Whether a record of the run of origin counts in the fork. */
export const isInherited = (
  { token, sequence }: Pick<ForkOrigin, 'token' | 'sequence'>,
  record: { readonly token: number; readonly sequence: number },
): boolean => record.token < token || (record.token === token && record.sequence <= sequence)
