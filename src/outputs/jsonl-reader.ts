import { WaymarkError } from '../model/errors.ts'
import { batchItems, type ItemBatch, type LineSource } from './item-batch.ts'
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
  let toSkip = source.from
  let line = 0
  for await (const block of blocks) {
    const lines = block.bytes.toString('utf8').split('\n')
    // What follows the last newline is not a line yet.
    if (lines.at(-1) === '') lines.pop()
    let values: unknown[] = []
    let numbers: number[] = []
    for (const text of lines) {
      line++
      if (isBlank(text)) continue
      if (toSkip > 0) {
        toSkip--
        continue
      }
      values.push(parseLine(text, line, shown))
      numbers.push(line)
      if (values.length < batchItems) continue
      yield batchOf(values, numbers)
      values = []
      numbers = []
    }
    if (values.length > 0) yield batchOf(values, numbers)
  }
}

const batchOf = (values: readonly unknown[], lines: readonly number[]): ItemBatch => ({
  values,
  lineOf: index => lines[index] ?? 0,
})

/** JSON's white space only: anything else on a line is an item, or damage. */
const blank = /^[ \t\r]*$/
const isBlank = (text: string): boolean => !(text.charCodeAt(0) > 32) && blank.test(text)

function parseLine(text: string, line: number, shown: string): unknown {
  try {
    return JSON.parse(text)
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
