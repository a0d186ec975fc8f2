import { WaymarkError } from '../model/errors.ts'
import { columnarOfArrow } from './arrow-bridge.ts'
import { arrowLibrary } from './arrow-library.ts'
import type { ColumnarTable } from './columnar.ts'

/**
 * The table in a file or stream in Arrow's IPC format.
 *
 * @param shown how messages name it
 * @throws WaymarkError `invalid` for anything else, `unsupported` if `apache-arrow` is not installed or a type cannot be kept
 */
export function tableOfIpc(bytes: Uint8Array, shown: string): ColumnarTable {
  const library = arrowLibrary()
  checkFrame(bytes, shown)
  const table = read(() => library.tableFromIPC(bytes), shown)
  return read(() => columnarOfArrow(table), shown)
}

const magic = Buffer.from('ARROW1')
const continuation = Buffer.from([0xff, 0xff, 0xff, 0xff])

/** The library takes what has no beginning or no end for an empty table. */
function checkFrame(bytes: Uint8Array, shown: string): void {
  if (magic.equals(bytes.subarray(0, magic.length))) {
    if (!magic.equals(bytes.subarray(-magic.length))) throw notIpc(shown, 'it is cut off', undefined)
  } else if (!continuation.equals(bytes.subarray(0, continuation.length)))
    throw notIpc(shown, 'it does not begin as Arrow does', undefined)
}

function read<Result>(work: () => Result, shown: string): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof WaymarkError) throw error
    throw notIpc(shown, error instanceof Error ? error.message : String(error), error)
  }
}

const notIpc = (shown: string, reason: string, cause: unknown): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${shown} cannot be read as Arrow IPC: ${reason}`,
    means: 'Nothing was saved.',
    remedy: 'Put a whole Arrow file or stream there; compressed ones must be written without compression.',
    ...(cause === undefined ? {} : { cause }),
    details: { file: shown },
  })
