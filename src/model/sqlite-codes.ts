/** Result codes of SQLite, https://sqlite.org/rescode.html. The low byte is the kind. */
export const sqliteKind = {
  error: 1,
  busy: 5,
  locked: 6,
  readonly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  notADatabase: 26,
}

/** Shared memory could not grow, which is how a full disk shows there. */
export const cannotGrowSharedMemory = 4874

/** The code of an error of node:sqlite; 0 of any other. */
export const sqliteCodeOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0
