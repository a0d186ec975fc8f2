/** An error as Node's file functions raise it, for what an implementation of the port finds out by itself. */
export interface FileError extends Error {
  readonly code: string
  readonly syscall: string
  readonly path: string
}

/** For example `fileError('EBADF', 'write', path)`: a write through a closed handle. */
export function fileError(code: string, operation: string, path: string): FileError {
  return Object.assign(new Error(`${code}: ${operation} '${path}'`), { code, syscall: operation, path })
}
