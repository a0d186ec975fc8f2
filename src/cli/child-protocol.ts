import type { WaymarkConfig } from '../config.ts'
import type { Durability } from '../model/durability.ts'
import type { ErrorJson } from '../model/errors.ts'
import type { LogOptions } from '../model/log-options.ts'
import type { StoredError } from '../model/records.ts'
import type { Restart } from '../model/recovery-type.ts'
import type { RunEvent } from '../model/run-events.ts'
import type { OpenOptions } from '../open.ts'
import type { RawParams } from './param-arguments.ts'
import type { ParamFields } from './param-fields.ts'
import type { StoreChoice, StoreSearch } from './store-choice.ts'

/** What the supervisor and the process that runs the pipeline tell each other over IPC. Plain data, in V8's own serialization. */
export type ToChild =
  | { readonly type: 'order'; readonly order: ChildOrder }
  /** Finish what is in flight, save, end. */
  | { readonly type: 'stop' }
  /** End now; what is finished is saved all the same. */
  | { readonly type: 'abort' }

export type FromChild =
  | { readonly type: 'ready' }
  | { readonly type: 'described'; readonly name: string; readonly params: ParamFields | undefined }
  | { readonly type: 'store'; readonly store: StoreChoice }
  /** A text that is not to be shown. Sent before anything that may hold it. */
  | { readonly type: 'hidden'; readonly text: string }
  | { readonly type: 'redact'; readonly paths: readonly string[] }
  | { readonly type: 'event'; readonly time: number; readonly event: RunEvent }
  | { readonly type: 'outcome'; readonly outcome: ChildOutcome }
  /** Somebody asked this process with SIGUSR1 how far it is. */
  | { readonly type: 'status' }
  /** Why the process ends right after: something thrown where nothing waits for it, or a wait that nothing can end. */
  | { readonly type: 'dying'; readonly why: string; readonly error?: StoredError }

/** What the child is to do. */
export interface ChildOrder {
  readonly kind: 'run' | 'plan' | 'describe'
  /** Absolute path of the pipeline's file. */
  readonly file: string
  /** As the user named it. */
  readonly shownFile: string
  readonly params: TypedParams | { /** As an earlier attempt recorded them. */ readonly input: unknown }
  /** Named, or to be looked for. */
  readonly store: StoreChoice | StoreSearch
  readonly fresh: boolean
  readonly redo: readonly string[]
  readonly from?: string
  readonly only?: readonly string[]
  readonly until?: string
  /** Set where the attempt before failed or crashed, and this supervisor begins the next. */
  readonly restart?: Restart
  /** The run to go on with, or the id of a new one. */
  readonly runId?: string
  readonly acceptInput: boolean
  readonly acceptStale: boolean
  /** Somebody wants a run to go on that was paused on purpose. */
  readonly resumePaused?: boolean
  readonly staleAfterMs?: number
  readonly durability?: Durability
  /** An unfinished run is not gone on with before somebody decides. */
  readonly asksToResume?: true
  /** How the store is opened, besides its key. */
  readonly open?: ChildOpenOptions
  readonly retention?: NonNullable<WaymarkConfig['retention']>
  readonly redact?: readonly string[]
  readonly key?: ChildKey
  readonly supervisor: { readonly pid: number; readonly processStart?: string }
}

export type ChildOpenOptions = Pick<OpenOptions, 'inMemory' | 'save' | 'compression' | 'parity' | 'defaultTtlMs'> & {
  readonly logs?: LogOptions
}

/** What opens a sealed store. Comes over IPC alone: never in the arguments of a process. */
export interface ChildKey {
  /** As `--key` names it. */
  readonly source: string
  /** Where that is `passphrase` and the user was asked. */
  readonly passphrase?: string
}

/** Parameters as they were typed. */
export interface TypedParams {
  readonly raw: RawParams
  /** Names that came after `--`. */
  readonly afterDashes: readonly string[]
}

export type ChildOutcome =
  | { readonly state: 'completed'; readonly run: string; readonly setAside: number; readonly value: ShownValue | undefined }
  | { readonly state: 'planned' }
  | { readonly state: 'failed'; readonly error: ErrorJson; readonly cause?: StoredError }

/** What the pipeline returned, as far as it can be shown. */
export interface ShownValue {
  /** As JSON text; absent where it has none or is too large to print. */
  readonly json?: string
  /** For people; a few lines. */
  readonly text: string
}
