import type { ColumnarTable } from './columnar.ts'

/** Stands for an Arrow table where there is none yet, and no library to make one: what was imported, on its way into a checkpoint. */
export class ColumnarHolder {
  readonly columns: ColumnarTable

  constructor(columns: ColumnarTable) {
    this.columns = columns
  }
}
