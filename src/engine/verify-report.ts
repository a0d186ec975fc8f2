/** What a problem is with. */
export type ProblemKind = 'descriptor' | 'segment' | 'claim' | 'pack' | 'checkpoint' | 'catalog' | 'parity'

/** Something in the store that is not as it was written. */
export interface VerifyProblem {
  readonly kind: ProblemKind
  /** Of the file without its ending; of a pack inside a log record `segment:offset`; of a checkpoint its id. */
  readonly name: string
  /** What is wrong, in one sentence. */
  readonly message: string
  /** Ids of the checkpoints that cannot be loaded because of it. */
  readonly checkpoints: readonly string[]
  /** Runs of which records are lost, where that can be told. */
  readonly runs: readonly string[]
}

/** A checkpoint that cannot be loaded. */
export interface DamagedCheckpoint {
  readonly id: string
  readonly type: string
  readonly run?: string
  readonly stage?: string
  readonly createdAt: number
  /** The first thing that is wrong with it. */
  readonly because: string
  /** The newest intact one before it of the same run and stage; of none of both, the nearest it was saved against. */
  readonly lastGood?: string
  /** True if it has the status `damaged` already. */
  readonly marked: boolean
}

/** What {@link Store.verify} found. */
export interface VerifyReport {
  /** True if nothing is wrong but what a repair has noted before. */
  readonly ok: boolean
  readonly full: boolean
  /** How many were looked at. */
  readonly checkpoints: number
  readonly packs: number
  readonly segments: number
  /** Bytes read. */
  readonly bytes: number
  readonly problems: readonly VerifyProblem[]
  /** Damage that a repair has noted and could not mend: its checkpoints have the status `damaged`. */
  readonly noted: readonly VerifyProblem[]
  readonly damaged: readonly DamagedCheckpoint[]
  /** Ids of checkpoints that a repair marked as damaged and that load again; only a full verification can tell. A repair takes the mark off. */
  readonly recovered: readonly string[]
  /** Packs that no checkpoint needs: left by saves that did not finish, or by deleted checkpoints. */
  readonly orphans: { readonly packs: number; readonly bytes: number }
  /** What is no damage, but worth knowing. */
  readonly notices: readonly string[]
}

export interface VerifyProgress {
  /** Bytes of the store that are done. In a quick verification a pack is done when its index is. */
  readonly done: number
  readonly total: number
}

export interface VerifyOptions {
  /** True: every byte is read and proven. False (default): the whole log, and of each pack its index. */
  readonly full?: boolean
  readonly onProgress?: (progress: VerifyProgress) => void
  readonly signal?: AbortSignal
}

/** A problem while it is being found out what it means. */
export class FoundProblem implements VerifyProblem {
  readonly kind: ProblemKind
  readonly name: string
  readonly message: string
  readonly #checkpoints = new Set<string>()
  readonly #runs = new Set<string>()
  /** A repair knows of it. */
  isNoted: boolean

  constructor(kind: ProblemKind, name: string, message: string, isNoted = false) {
    this.kind = kind
    this.name = name
    this.message = message
    this.isNoted = isNoted
  }

  get checkpoints(): readonly string[] {
    return [...this.#checkpoints]
  }

  get runs(): readonly string[] {
    return [...this.#runs].sort()
  }

  affects(checkpoint: string): void {
    this.#checkpoints.add(checkpoint)
  }

  affectsRun(run: string): void {
    this.#runs.add(run)
  }

  /** As it is reported. */
  toProblem(): VerifyProblem {
    const { kind, name, message, checkpoints, runs } = this
    return { kind, name, message, checkpoints, runs }
  }
}
