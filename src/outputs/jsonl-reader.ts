import { WaymarkError } from '../model/errors.ts'
import { parseJson } from '../model/parse-json.ts'
import type { ItemBatch, LineSource } from './item-batch.ts'
import { excerpt, type LineBlock } from './line-blocks.ts'

/**
 * One JSON value per line; blank lines are skipped, the last line needs no newline.
 *
 * @throws WaymarkError `invalid` naming the line
 */
export async function* jsonlBatches(
  source: LineSource,
  blocks: AsyncIterable<LineBlock>,
): AsyncGenerator<ItemBatch, void, undefined> {
  const { shown } = source.options
  const nextWanted = source.nextWanted ?? (index => index)
  let line = 0
  let index = -source.from
  for await (const block of blocks) {
    let at = 0
    while (at < block.bytes.length) {
      const wanted = index < 0 ? 0 : nextWanted(index)
      const gone = skipItems(block.bytes, at, wanted - index)
      at = gone.end
      line += gone.lines
      const skipped = index < 0 ? 0 : gone.items
      index += gone.items
      if (skipped > 0) yield { values: [], skipped, lineOf: () => line }
      if (index < wanted || at === block.bytes.length) continue
      // What is wanted next may be all that is left, or a single line between others that are not.
      const end = nextWanted(index + 1) === index + 1 ? block.bytes.length : endOfLine(block.bytes, at)
      const text = block.bytes.toString('utf8', at, end)
      at = end
      let values: unknown[] = []
      let numbers = new LineNumbers(line + 1)
      // Line by line: what lives no longer than a line is collected for nothing, where a list of all of them is copied at every collection.
      for (let from = 0; from < text.length; ) {
        const newlineAt = text.indexOf('\n', from)
        const to = newlineAt === -1 ? text.length : newlineAt
        const one = text.slice(from, to)
        from = to + 1
        line++
        if (isBlank(one)) continue
        values.push(parseLine(one, line, shown))
        numbers.add(line)
        index++
        if (values.length < batchLines) continue
        yield batchOf(values, numbers)
        values = []
        numbers = new LineNumbers(line + 1)
      }
      if (values.length > 0) yield batchOf(values, numbers)
    }
  }
}

const newline = 10

/** Lines per batch at most. Whoever goes over millions of them has a batch alive at every collection: with 1,000 the space for young objects grew to 134 MB. */
const batchLines = 250

/** Goes over up to so many items, without reading them, and over blank lines before the next. */
function skipItems(bytes: Uint8Array, from: number, most: number): { end: number; items: number; lines: number } {
  let items = 0
  let lines = 0
  let end = from
  let isItem = false
  for (let at = from; at < bytes.length && items < most; at++) {
    const byte = bytes[at] ?? 0
    if (byte > 32) isItem = true
    else if (byte === newline) {
      lines++
      if (isItem) items++
      isItem = false
      end = at + 1
    } else if (byte !== 32 && byte !== 9 && byte !== 13) isItem = true
  }
  if (items === most || end === bytes.length) return { end, items, lines }
  // The last line of the file may have no newline.
  return { end: bytes.length, items: items + (isItem ? 1 : 0), lines: lines + 1 }
}

function endOfLine(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(newline, from)
  return at === -1 ? bytes.length : at + 1
}

const batchOf = (values: readonly unknown[], numbers: LineNumbers): ItemBatch => ({ values, lineOf: index => numbers.at(index) })

/** Which lines the items of a batch are on: a list only from the first blank line on. */
class LineNumbers {
  readonly #first: number
  #next: number
  /** Those behind the first gap. */
  readonly #behind: number[] = []

  /** @param first The line that comes next, blank or not */
  constructor(first: number) {
    this.#first = first
    this.#next = first
  }

  add(line: number): void {
    if (line === this.#next && this.#behind.length === 0) this.#next++
    else this.#behind.push(line)
  }

  at(index: number): number {
    const together = this.#next - this.#first
    return index < together ? this.#first + index : (this.#behind[index - together] ?? 0)
  }
}

/** JSON's white space only: anything else on a line is an item, or damage. */
const blank = /^[ \t\r]*$/
const isBlank = (text: string): boolean => !(text.charCodeAt(0) > 32) && blank.test(text)

function parseLine(text: string, line: number, shown: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new WaymarkError('invalid', {
      message: `${shown} line ${line} is not JSON: ${excerpt(text)}`,
      means: 'Items of earlier batches were read; nothing was changed.',
      remedy: `Correct or remove line ${line} (sed -n '${line}p' ${shown} shows it), then run again.`,
      cause: error,
      details: { file: shown, line },
    })
  }
}
