import { isUtf8 } from 'node:buffer'
import { WaymarkError } from '../model/errors.ts'
import type { InputFile } from './input-file.ts'

/** Whole lines of a file; only the last block may end without a newline. */
export interface LineBlock {
  readonly bytes: Buffer
  /** Where it begins in the file. */
  readonly offset: number
}

export interface LineBlockOptions {
  /** What messages call the file. */
  readonly shown: string
  /** Bytes per read. */
  readonly blockBytes: number
  /** A longer line is refused, so that a file without newlines cannot fill the memory. */
  readonly maxLineBytes: number
  readonly signal?: AbortSignal | undefined
}

const newline = 10
const carriageReturn = 13

/**
 * The lines of a file in blocks of about `blockBytes`, without a byte order mark. Because blocks end at newlines, no character
 * is cut in two; each block is checked to be UTF-8.
 *
 * @throws WaymarkError `invalid` for bytes that are not UTF-8, `limit` for a line over `maxLineBytes`
 */
export async function* lineBlocks(file: InputFile, options: LineBlockOptions): AsyncGenerator<LineBlock, void, undefined> {
  let position = await byteOrderMarkLength(file)
  /** The beginning of a line whose end is not read yet; pieces, so that a long line is copied once. */
  let open: Buffer[] = []
  let openBytes = 0
  for (;;) {
    options.signal?.throwIfAborted()
    const piece = await file.read(position, options.blockBytes)
    if (piece.length === 0) break
    const offset = position - openBytes
    position += piece.length
    const end = piece.lastIndexOf(newline) + 1
    if (end > 0) {
      const lines = piece.subarray(0, end)
      yield await checked(file, { bytes: open.length === 0 ? lines : Buffer.concat([...open, lines]), offset }, options)
      open = []
      openBytes = 0
    }
    if (end < piece.length) {
      open.push(piece.subarray(end))
      openBytes += piece.length - end
      if (openBytes > options.maxLineBytes) throw await tooLong(file, position - openBytes, options)
    }
  }
  if (openBytes > 0) yield await checked(file, { bytes: Buffer.concat(open), offset: position - openBytes }, options)
}

/**
 * The number, from 1, of the line that holds the byte at `offset`. Reads the file up to there: for messages only.
 *
 * @param isBroken what ends a line: a newline, or (`also-by-cr`) a carriage return without one too, as editors count
 */
export async function lineAt(file: InputFile, offset: number, isBroken: 'by-lf' | 'also-by-cr' = 'by-lf'): Promise<number> {
  let line = 1
  let endsInReturn = false
  for (let position = 0; position < offset; ) {
    const piece = await file.read(position, Math.min(1 << 20, offset - position))
    if (piece.length === 0) break
    for (let at = piece.indexOf(newline); at !== -1; at = piece.indexOf(newline, at + 1)) line++
    if (isBroken === 'also-by-cr') {
      for (let at = piece.indexOf(carriageReturn); at !== -1; at = piece.indexOf(carriageReturn, at + 1)) line++
      // Together they are one end of a line.
      for (let at = piece.indexOf('\r\n'); at !== -1; at = piece.indexOf('\r\n', at + 2)) line--
      if (endsInReturn && piece[0] === newline) line--
      endsInReturn = piece.at(-1) === carriageReturn
    }
    position += piece.length
  }
  return line
}

/** The beginning of a line, short enough for a message. */
export function excerpt(line: string): string {
  const text = line.length > 80 ? `${line.slice(0, 80)}…` : line
  return text.replace(/\p{Cc}/gu, character => JSON.stringify(character).slice(1, -1))
}

async function byteOrderMarkLength(file: InputFile): Promise<number> {
  const [first, second, third] = await file.read(0, 3)
  return first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0
}

async function checked(file: InputFile, block: LineBlock, options: LineBlockOptions): Promise<LineBlock> {
  if (isUtf8(block.bytes)) return block
  let start = 0
  let end = block.bytes.indexOf(newline)
  while (end !== -1 && isUtf8(block.bytes.subarray(start, end))) {
    start = end + 1
    end = block.bytes.indexOf(newline, start)
  }
  const line = await lineAt(file, block.offset + start)
  throw new WaymarkError('invalid', {
    message: `${options.shown} line ${line} is not UTF-8 text: ${excerpt(block.bytes.toString('utf8', start, end === -1 ? undefined : end))}`,
    means: 'Reading it anyway would replace characters. Items of earlier batches were read; nothing was changed.',
    remedy: `Convert the file: iconv -f ISO-8859-1 -t UTF-8 ${options.shown} > converted`,
    details: { file: options.shown, line },
  })
}

async function tooLong(file: InputFile, offset: number, options: LineBlockOptions): Promise<WaymarkError> {
  const line = await lineAt(file, offset)
  return new WaymarkError('limit', {
    message: `${options.shown} line ${line} is longer than ${options.maxLineBytes} bytes`,
    means: 'Items of earlier batches were read; nothing was changed.',
    remedy: 'Write one item per line; a file that is one JSON value is not JSONL.',
    details: { file: options.shown, line },
  })
}
