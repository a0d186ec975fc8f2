import type { VerifyProgress } from './verify-report.ts'

export interface RekeyOptions {
  /** Bytes that are sealed anew, of those that were found to need it. */
  readonly onProgress?: (progress: VerifyProgress) => void
  readonly signal?: AbortSignal
}

/** A file that is not sealed with the new data key. */
export interface LeftFile {
  /** Below the folder of the store: `packs/…`. */
  readonly name: string
  /** Why, in words that go on with the name. */
  readonly because: string
  /** True: the file itself is damaged, and calling again changes nothing. A repair notes what is lost, and mends what can be mended. */
  readonly damaged?: true
}

/** What {@link Store.rekey} did. */
export interface RekeyReport {
  /** True: everything that can be read is sealed with the newest data key, the others are forgotten, and plain files are refused from now on. False: see `left`; nothing is forgotten, and it can be called again. */
  readonly complete: boolean
  /** Id of the data key that everything is sealed with now, or is being sealed with. */
  readonly dataKey: string
  /** Sealed anew by this call. */
  readonly files: number
  readonly bytes: number
  /** Files of plain times and leftovers that were removed: views that are built anew when they are needed. */
  readonly removed: number
  /** Claims that were given names that cannot be read. */
  readonly claims: number
  readonly seconds: number
  /** Empty if it is complete. */
  readonly left: readonly LeftFile[]
  /** Damaged segments of the log, which a repair has noted, and of which nothing can be opened: they stay as they are. */
  readonly kept: readonly string[]
}
