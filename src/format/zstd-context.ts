import * as zlib from 'node:zlib'

/** What a zlib stream of Node does its work with, which Node's own synchronous functions call too. */
interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void
}

interface Context {
  readonly stream: { readonly destroyed: boolean }
  readonly handle: Handle
  /** After a call: bytes of the output left, bytes of the input left. */
  readonly state: Uint32Array
}

/** By level; undefined where this Node has other insides. */
const contexts = new Map<number, Context | undefined>()

/**
 * Compresses into `output` and returns how many bytes that gave; undefined where it cannot be done here, then `zlib.zstdCompressSync` can. That function makes a context for each call, and
 * touching a megabyte of fresh memory costs more than compressing a frame: 300 MB/s in a thread, and 500 with a context that is used again.
 *
 * Only for compressing, where nothing depends on the input: a handle that met damaged input must never be called again.
 */
export function compressInto(output: Uint8Array, raw: Uint8Array, level: number): number | undefined {
  if (!contexts.has(level)) contexts.set(level, openContext(level))
  const context = contexts.get(level)
  if (context === undefined || context.stream.destroyed) return undefined
  context.handle.writeSync(zlib.constants.ZSTD_e_end, raw, 0, raw.length, output, 0, output.length)
  const [outputLeft = 0, inputLeft = 0] = context.state
  // The frame is whole if there was room for more.
  if (!context.stream.destroyed && inputLeft === 0 && outputLeft > 0) return output.length - outputLeft
  contexts.set(level, undefined)
  return undefined
}

function openContext(level: number): Context | undefined {
  const stream = zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_compressionLevel]: level } })
  stream.on('error', () => {})
  if (!('_handle' in stream && '_writeState' in stream)) return undefined
  const { _handle: handle, _writeState: state } = stream
  return isHandle(handle) && state instanceof Uint32Array && state.length >= 2 ? { stream, handle, state } : undefined
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'writeSync' in value && typeof value.writeSync === 'function'
}
