import { WaymarkError } from '../model/errors.ts'

const magic = Buffer.from('ARROW1')
const continuation = Buffer.from([0xff, 0xff, 0xff, 0xff])

/**
 * The library takes what has no beginning or no end for an empty table, or fails on it without a word that helps.
 *
 * @param shown how messages name the bytes
 * @throws WaymarkError `invalid` for what is no whole file or stream in Arrow's IPC format
 */
export function checkIpcFrame(bytes: Uint8Array, shown: string): void {
  if (bytes.length === 0) throw notIpc(shown, 'there is nothing in it')
  if (magic.equals(bytes.subarray(0, magic.length))) {
    if (bytes.length < 2 * magic.length || !magic.equals(bytes.subarray(-magic.length))) throw notIpc(shown, 'it is cut off')
  } else if (!continuation.equals(bytes.subarray(0, continuation.length))) throw notIpc(shown, 'it does not begin as Arrow does')
  else if (bytes.length < 8 || bytes.length - 8 < lengthAt(bytes, 4) || lengthAt(bytes, 4) === 0)
    throw notIpc(shown, 'it is cut off before its schema ends')
}

const lengthAt = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true)

/** The error for bytes that cannot be read. */
export const notIpc = (shown: string, reason: string, cause?: unknown): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${shown} cannot be read as Arrow IPC: ${reason}`,
    means: 'Nothing was saved.',
    remedy: 'Put a whole Arrow file or stream there; compressed ones must be written without compression.',
    ...(cause === undefined ? {} : { cause }),
    details: { file: shown },
  })
