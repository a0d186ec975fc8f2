import type { InputFile } from './input-file.ts'
import type { LineBlockOptions } from './line-blocks.ts'

/** Items as a file's format gives them, before any schema. */
export interface ItemBatch {
  readonly values: readonly unknown[]
  /** The line, from 1, on which the item at `index` of this batch begins. For messages. */
  lineOf(index: number): number | Promise<number>
}

/** What a format needs to read a file. */
export interface LineSource {
  readonly file: InputFile
  readonly options: LineBlockOptions
  /** Items to skip. */
  readonly from: number
}

/** Items per batch at most: enough that the cost of a batch vanishes, few enough that the first item does not wait. */
export const batchItems = 1_000
