import { WaymarkError } from '../model/errors.ts'
import { columnarOfArrow } from './arrow-bridge.ts'
import { arrowLibrary } from './arrow-library.ts'
import { checkIpcFrame, notIpc } from './check-ipc-frame.ts'
import type { ColumnarTable } from './columnar.ts'

/**
 * The table in a file or stream in Arrow's IPC format.
 *
 * @param shown how messages name it
 * @throws WaymarkError `invalid` for anything else, `unsupported` if `apache-arrow` is not installed or a type cannot be kept
 */
export function tableOfIpc(bytes: Uint8Array, shown: string): ColumnarTable {
  const library = arrowLibrary()
  checkIpcFrame(bytes, shown)
  const table = read(() => library.tableFromIPC(bytes), shown)
  return read(() => columnarOfArrow(table), shown)
}

function read<Result>(work: () => Result, shown: string): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof WaymarkError) throw error
    throw notIpc(shown, error instanceof Error ? error.message : String(error), error)
  }
}
