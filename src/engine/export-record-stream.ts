import { join, parse, resolve } from 'node:path'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { EntryArtifact, StreamEntry } from '../model/record-stream.ts'
import { knownStream } from './known-stream.ts'
import type { Store } from './store.ts'
import type { StoreCore } from './store-core.ts'
import { type WholeFileOptions, writeWholeFile } from './write-whole-file.ts'

export interface ExportRecordsOptions extends WholeFileOptions {
  /** Its id or address. */
  readonly run: string
  readonly stream: string
  /** A folder into which artifacts are written under their names; where several have one name, the later ones as `name-2.png`. Default: none are. */
  readonly artifacts?: string
}

export interface ExportedRecords {
  readonly entries: number
  readonly bytes: number
  /** Artifacts written as files. */
  readonly artifacts: number
  /** Artifacts that were deleted since: their entries name them without a `file`. */
  readonly missing: number
}

/** An entry as a line of JSON; times are ISO 8601 in UTC. */
export const entryLine = ({ time, ...entry }: StreamEntry, file?: string): string => {
  const shown = { ...entry, time: new Date(time).toISOString() }
  const { artifact } = entry
  return `${JSON.stringify(file === undefined || artifact === undefined ? shown : { ...shown, artifact: { ...artifact, file } })}\n`
}

/** Writes the entries of a run that count into a file, as they were recorded. */
export async function exportRecordStream(
  core: StoreCore,
  store: Store,
  path: string,
  { run, stream, artifacts, ...options }: ExportRecordsOptions,
): Promise<ExportedRecords> {
  await knownStream(store, run, stream)
  const done = { entries: 0, artifacts: 0, missing: 0 }
  const folder = artifacts === undefined ? undefined : new ArtifactFolder(core, store, resolve(artifacts), options)
  const lines = async function* (): AsyncIterableIterator<Uint8Array> {
    for await (const entry of store.eachRecord({ run, stream })) {
      const file = entry.artifact && (await folder?.write(entry.artifact))
      if (entry.artifact !== undefined && folder !== undefined) done[file === undefined ? 'missing' : 'artifacts']++
      done.entries++
      yield Buffer.from(entryLine(entry, file))
    }
  }
  const bytes = await writeWholeFile(core.files, resolve(path), lines(), options)
  return { ...done, bytes }
}

class ArtifactFolder {
  readonly #core: StoreCore
  readonly #store: Store
  readonly #folder: string
  readonly #options: WholeFileOptions
  readonly #taken = new Set<string>()

  constructor(core: StoreCore, store: Store, folder: string, options: WholeFileOptions) {
    this.#core = core
    this.#store = store
    this.#folder = folder
    this.#options = options
  }

  /** The name of the file; undefined if the artifact is not there any more. */
  async write({ id, name }: EntryArtifact): Promise<string | undefined> {
    if (this.#taken.size === 0) await makeDurableDirectory(this.#core.files, this.#folder)
    const file = this.#nameFor(name)
    try {
      await this.#store.exportTo(join(this.#folder, file), id, { ...this.#options, format: 'raw' })
      return file
    } catch (error) {
      if (isWaymarkError(error, 'not_found')) return undefined
      throw error
    }
  }

  /** Where case does not tell files apart, names that differ only in it would be one. */
  #nameFor(name: string): string {
    const { name: stem, ext } = parse(name)
    let file = name
    for (let n = 2; this.#taken.has(file.toLowerCase()); n++) file = `${stem}-${n}${ext}`
    this.#taken.add(file.toLowerCase())
    return file
  }
}
