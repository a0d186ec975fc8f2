/** As much of a RecordBatch of `apache-arrow` (or a Table of it) as tells it from a row. */
export interface ArrowBatchLike {
  readonly schema: object
  readonly numRows: number
  readonly numCols: number
}
