import type { ValueComparison } from '../diff/compare-values.ts'
import type { RowsComparison } from '../diff/diff-rows.ts'
import type { Difference } from '../diff/difference.ts'
import type { CheckpointEncoding } from '../model/checkpoint.ts'
import type { CodeChange } from '../model/code-change.ts'
import type { EndCause, InputRecord, ItemCounts, StoredError } from '../model/records.ts'
import type { CheckpointInfo } from './checkpoint-info.ts'
import type { TableDiff } from './diff-tables.ts'

/** What two addresses have in common and what not. */
export type DiffReport = CheckpointDiff | RunDiff

/** Of two checkpoints, or of two stages with what they saved last. */
export interface CheckpointDiff {
  readonly kind: 'checkpoints'
  readonly a: DiffSide
  readonly b: DiffSide
  /** No difference but in how long something took; false where something could not be compared. */
  readonly same: boolean
  readonly facts: readonly FactDifference[]
  readonly content: ContentDiff
}

/** Of two runs: what is different of each, and stage by stage. */
export interface RunDiff {
  readonly kind: 'runs'
  readonly a: DiffSide
  readonly b: DiffSide
  /** No difference but in how long something took; false where something could not be compared. */
  readonly same: boolean
  readonly facts: readonly FactDifference[]
  /** Stages that differ, in their order. */
  readonly stages: readonly StageDiff[]
  readonly equalStages: number
  /** Paths to leave out that fit nothing in all that was read of the stages. Absent: all fit something, have `**`, or nothing had to be read. */
  readonly ignoreUnused?: readonly string[]
}

/** One of the two. */
export interface DiffSide {
  /** As it was asked for, or `last good`. */
  readonly address: string
  readonly run?: string
  readonly pipeline?: string
  readonly stage?: string
  readonly checkpoint?: CheckpointInfo
}

export interface StageDiff {
  readonly stage: string
  readonly in: 'both' | 'a' | 'b'
  readonly facts: readonly FactDifference[]
  /** Of what the stages saved last; absent where neither saved anything. */
  readonly content?: ContentDiff
}

/** One fact about a run or a stage that is not the same in both. Undefined: not known of that one. */
export type FactDifference =
  | { readonly name: 'state'; readonly before: string | undefined; readonly after: string | undefined }
  | { readonly name: 'cause'; readonly before: EndCause | undefined; readonly after: EndCause | undefined }
  | { readonly name: 'error'; readonly before: StoredError | undefined; readonly after: StoredError | undefined }
  | { readonly name: 'node'; readonly before: string | undefined; readonly after: string | undefined }
  | { readonly name: 'version'; readonly before: string | undefined; readonly after: string | undefined }
  | {
      /** Digests of the code of the project, comments and white space aside. */
      readonly name: 'code'
      readonly before: string | undefined
      readonly after: string | undefined
      readonly changes: readonly CodeChange[]
    }
  | { readonly name: 'params'; readonly differences: readonly Difference[] }
  | { readonly name: 'metadata'; readonly differences: readonly Difference[] }
  | { readonly name: 'input'; readonly before: InputRecord | undefined; readonly after: InputRecord | undefined }
  | { readonly name: 'items'; readonly before: ItemCounts | undefined; readonly after: ItemCounts | undefined }
  /** Items a second. */
  | { readonly name: 'speed'; readonly before: number; readonly after: number }
  /** Milliseconds. */
  | { readonly name: 'duration'; readonly before: number; readonly after: number }

/** What two checkpoints hold. */
export type ContentDiff =
  /** Nothing was read: the bytes have the same digest, or (`by`) both are tables with the same content hash, perhaps of another form or in another order. */
  | { readonly form: 'same'; readonly by?: 'table' }
  | ValueDiff
  | RowsDiff
  | BytesDiff
  | FilesDiff
  | ItemsDiff
  /** They hold different kinds of things, or one of the stages has saved nothing (undefined). */
  | {
      readonly form: 'kinds'
      readonly before: CheckpointEncoding | undefined
      readonly after: CheckpointEncoding | undefined
    }
  /** They are different, but were not read, to save time and memory: compare them by themselves. */
  | { readonly form: 'unread'; readonly bytesBefore?: number; readonly bytesAfter?: number }
  /** One of them cannot be read. */
  | { readonly form: 'damaged'; readonly checkpoint: string; readonly message: string }

/** The first of the differences; `counts` has all. */
export interface ValueDiff extends Omit<ValueComparison, 'differences'> {
  readonly form: 'value'
  readonly differences: readonly Difference[]
  /** Paths to leave out that fit nothing in either. Absent: all fit something, or have `**`. */
  readonly ignoreUnused?: readonly string[]
  /** Tables in the values, by what was noted when they were saved. Absent: none that differ. */
  readonly tables?: readonly TableDiff[]
}

export interface RowsDiff extends RowsComparison {
  readonly form: 'rows'
  /** The same tables by what was noted when they were saved. Absent: nothing was. */
  readonly tables?: readonly TableDiff[]
}

export interface BytesDiff {
  readonly form: 'bytes'
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** Place of the first byte that is different, from 0. */
  readonly firstDifference: number
}

export interface FilesDiff {
  readonly form: 'files'
  readonly added: readonly FileSize[]
  readonly removed: readonly FileSize[]
  readonly changed: readonly { readonly name: string; readonly bytesBefore: number; readonly bytesAfter: number }[]
  readonly equal: number
}

/** Two passes over items of which not both have results that can be read. */
export interface ItemsDiff {
  readonly form: 'items'
  /** Why the results themselves are not compared. */
  readonly why: string
  /** Items finished in only one of them: first and last index of each stretch, from 0. Absent where items are known by key. */
  readonly onlyBefore?: readonly (readonly [from: number, to: number])[]
  readonly onlyAfter?: readonly (readonly [from: number, to: number])[]
  readonly inBoth?: number
}

export interface FileSize {
  readonly name: string
  readonly bytes: number
}
