import { createHash } from 'node:crypto'
import type { BlobStore } from '../blobs/blob-store.ts'
import { packKey } from '../chunks/chunk-list.ts'
import { digestText } from '../chunks/chunk-store.ts'
import { StreamReader } from '../chunks/stream-reader.ts'
import { decodeManifest, type Manifest, type PackReference } from '../format/manifest.ts'
import { readFrames } from '../format/pack.ts'
import { packIdOf } from '../format/pack-header.ts'
import { sha256Hex } from '../format/sha256.ts'
import type { ChunksContent, PackContent } from '../model/checkpoint.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { checkpointAt } from './record-content.ts'
import type { StoreCore } from './store-core.ts'
import { isPackFault, type PackSurvey } from './verify-packs.ts'
import type { VerifyMeter } from './verify-progress.ts'
import { FoundProblem } from './verify-report.ts'

export interface CheckpointCheckOptions {
  readonly core: StoreCore
  readonly blobs: BlobStore
  readonly packs: PackSurvey
  readonly full: boolean
  readonly meter: VerifyMeter
  /** What is known to be wrong with the log. */
  readonly logProblems: readonly FoundProblem[]
}

/** Proves that a checkpoint can be loaded: its manifest names chunks that are there, as many bytes and in the order that its digest says. */
export class CheckpointCheck {
  /** Problems of the checkpoints themselves. */
  readonly problems: FoundProblem[] = []
  /** Files of packs that checkpoints need. */
  readonly needed = new Set<string>()
  readonly #options: CheckpointCheckOptions

  constructor(options: CheckpointCheckOptions) {
    this.#options = options
  }

  /** What keeps it from being loaded; nothing if it can be. */
  async faultsOf(view: CheckpointView): Promise<readonly FoundProblem[]> {
    try {
      return await this.#look(view)
    } catch (error) {
      if (!isPackFault(error)) throw error
      return [this.#own(view, error.message)]
    }
  }

  async #look(view: CheckpointView): Promise<readonly FoundProblem[]> {
    const { core, logProblems, meter } = this.#options
    if (view.content.kind === 'pack') return this.#oldPack(view, view.content)
    let content: ChunksContent
    try {
      const committed = await checkpointAt(core.log, view.record)
      if (committed?.id !== view.id) return [this.#own(view, `the record of checkpoint ${view.id} holds another one`)]
      if (committed.content.kind === 'pack') return this.#oldPack(view, committed.content)
      if (committed.content.kind === 'inline') return this.#inline(view, committed.content.bytes)
      content = committed.content
    } catch (error) {
      if (!isPackFault(error)) throw error
      const cause = logProblems.find(({ kind, name }) => kind === 'segment' && name === view.record.segment)
      return [cause ?? this.#own(view, error.message)]
    }
    meter.count(0)
    return this.#chunks(view, content)
  }

  #inline(view: CheckpointView, bytes: Uint8Array): readonly FoundProblem[] {
    const digest = `sha256:${sha256Hex(bytes)}`
    return digest === view.digest ? [] : [this.#own(view, `checkpoint ${view.id} has another digest than when it was saved`)]
  }

  async #chunks(view: CheckpointView, content: ChunksContent): Promise<readonly FoundProblem[]> {
    const own = content.pack === undefined ? undefined : { pack: packIdOf(content.pack) ?? '', bytes: content.pack }
    const placed = (pack: PackReference): PackReference => (pack === own?.pack ? view.record : pack)
    const { shelf } = this.#options.packs
    let manifest = decodeManifest(content.manifest)
    if (manifest.list) {
      const faults = await this.#faultsOfRuns(view, manifest, placed)
      if (faults.length > 0) return faults
      const reader = new StreamReader(own === undefined ? shelf : shelf.with(own), manifest)
      manifest = decodeManifest(await reader.read(0, reader.length))
    }
    const faults = await this.#faultsOfRuns(view, manifest, placed)
    return faults.length > 0 ? faults : this.#sum(view, manifest, placed)
  }

  async #faultsOfRuns(
    view: CheckpointView,
    manifest: Manifest,
    placed: (pack: PackReference) => PackReference,
  ): Promise<readonly FoundProblem[]> {
    const { packs } = this.#options
    const faults = new Set<FoundProblem>()
    for (const pack of manifest.packs) {
      const place = placed(pack)
      if (typeof place === 'string') this.needed.add(place)
      await packs.survey(place)
      for (const base of packs.basePacks(place)) this.needed.add(base)
    }
    for (const run of manifest.runs) {
      const pack = manifest.packs[run.pack]
      if (pack === undefined) return [this.#own(view, `the manifest of checkpoint ${view.id} names no pack`)]
      for (const fault of await packs.faultsOf(placed(pack), run.first, run.count)) faults.add(fault)
    }
    return [...faults]
  }

  async #sum(
    view: CheckpointView,
    manifest: Manifest,
    placed: (pack: PackReference) => PackReference,
  ): Promise<readonly FoundProblem[]> {
    const digest = createHash('sha256')
    let bytes = 0
    for (const run of manifest.runs) {
      const pack = manifest.packs[run.pack]
      const table = pack === undefined ? undefined : await this.#options.packs.table(placed(pack))
      const length = table?.bytes(run.first, run.count)
      if (pack === undefined || table === undefined || length !== run.bytes) {
        return [
          this.#own(view, `the manifest of checkpoint ${view.id} does not fit pack ${pack === undefined ? '?' : packKey(pack)}`),
        ]
      }
      digest.update(table.digests(run.first, run.count))
      bytes += length
    }
    if (bytes === view.logicalBytes && digestText(digest.digest()) === view.digest) return []
    return [this.#own(view, `the chunks of checkpoint ${view.id} are not those that were saved`)]
  }

  /** A pack of format 1 belongs to one checkpoint. */
  async #oldPack(view: CheckpointView, { pack, first, count }: PackContent): Promise<readonly FoundProblem[]> {
    const { blobs, full, meter } = this.#options
    this.needed.add(pack)
    try {
      const blob = await blobs.open(pack)
      try {
        const digest = createHash('sha256')
        for (let frame = full ? first : first + count - 1; frame < first + count; frame++) {
          const bytes = await readFrames(
            async (offset, length) => {
              const read = await blob.read(offset, length)
              meter.count(read.length)
              return read
            },
            pack,
            blob.size,
            frame,
            1,
          )
          digest.update(bytes)
        }
        if (!full || `sha256:${digest.digest('hex')}` === view.digest) return []
        return [this.#own(view, `checkpoint ${view.id} has another digest than when it was saved`)]
      } finally {
        await blob.close()
      }
    } catch (error) {
      if (!isPackFault(error)) throw error
      const problem = new FoundProblem('pack', pack, error.message)
      this.problems.push(problem)
      return [problem]
    }
  }

  #own(view: CheckpointView, message: string): FoundProblem {
    const problem = new FoundProblem('checkpoint', view.id, message)
    this.problems.push(problem)
    return problem
  }
}
