/** What a table holds, as plain data: nothing but objects, lists, texts, finite numbers and booleans, so that JSON holds all of it. */
export interface TableFacts {
  readonly rows: number
  readonly columns: readonly ColumnFacts[]
  /** Of the first date or timestamp column. */
  readonly time?: TimeFacts
}

export interface ColumnFacts {
  readonly name: string
  /** In short, as `typeText` has it. */
  readonly type: string
  readonly nulls: number
  /** How many different values there are besides null. Exact up to 4,096, beyond with a standard error of 0.8 %. */
  readonly distinct: number
  /** Only where `distinct` is an estimate. */
  readonly distinctIsEstimate?: true
  /**
   * Of numbers, text, dates and times. A number; the digits of decimals and of integers beyond 2^53; ISO 8601 for dates and times; the first 60 characters of text, in the order of its UTF-8. NaN and infinite numbers do not count.
   */
  readonly min?: number | string
  readonly max?: number | string
  /** Of finite numbers and durations (in units of the type); of a bool the share of true. */
  readonly mean?: number
  /** How many, only where there are any. */
  readonly nans?: number
  readonly infinities?: number
}

export interface TimeFacts {
  readonly column: string
  readonly from: string
  readonly to: string
  /** See `frequencyOf`: `daily`, `business daily`, `monthly`, `1 min`, `irregular` …; left out for fewer than three different times. */
  readonly frequency?: string
  /** Steps of that frequency that are missing between `from` and `to`, only where there are any. */
  readonly missingSteps?: number
}
