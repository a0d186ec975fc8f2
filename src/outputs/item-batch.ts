import type { InputFile } from './input-file.ts'
import type { LineBlockOptions } from './line-blocks.ts'

/** Items as a file's format gives them, before any schema. */
export interface ItemBatch {
  readonly values: readonly unknown[]
  /** Items between the batch before and this one that nobody wanted. Default 0. */
  readonly skipped?: number
  /** The line, from 1, on which the item at `index` of this batch begins. For messages. */
  lineOf(index: number): number | Promise<number>
}

/** What a format needs to read a file. */
export interface LineSource {
  readonly file: InputFile
  readonly options: LineBlockOptions
  /** Items to skip. */
  readonly from: number
  /** The first index from this one on that is wanted; the format may give others too. */
  readonly nextWanted?: NextWanted | undefined
}

/** Of an index: itself if that item is wanted, else the next one that is. */
export type NextWanted = (index: number) => number

/** Stands between batches for items that were not read because nobody wanted them. */
export class SkippedItems {
  readonly count: number
  constructor(count: number) {
    this.count = count
  }
}

/** Items per batch at most: enough that the cost of a batch vanishes, few enough that the first item does not wait. */
export const batchItems = 1_000
