import { WaymarkError } from '../model/errors.ts'
import type { FolderPosition } from '../model/output-position.ts'
import { FirstFault } from './first-fault.ts'
import { checkFileName } from './folder-name.ts'
import { hiddenName, parseHiddenName } from './hidden-names.ts'
import { jsonl } from './item-file.ts'
import type { ItemOutput, OutputContext, OutputItem } from './item-target.ts'
import { openOutput } from './open-output.ts'
import { outputFailed } from './output-faults.ts'
import { outputFilePermissions } from './output-file.ts'
import type { OutputWriter } from './output-writer.ts'

/** A file of the folder: its name, the item it belongs to, its length in bytes. */
export type FolderEntry = readonly [name: string, item: string, bytes: number]

export interface FolderOptions {
  readonly context: OutputContext
  /** Absolute, and it exists. */
  readonly folder: string
  readonly position: FolderPosition
  /** Files that count. */
  readonly entries: readonly FolderEntry[]
  readonly ignoresCase: boolean
  nameOf(value: unknown, item: OutputItem): unknown
  encode(value: unknown): Uint8Array
}

interface NewFile {
  readonly entry: FolderEntry
  readonly bytes: Uint8Array
}

/** Files written and synced at a time. */
const writtenAtOnce = 8

/**
 * Writes one file for each result: under a hidden name that carries the owner's token, then counted by the log, then renamed. So a file that is seen counts, and is whole; and an owner that has lost the run has
 * nothing left to rename.
 */
export class FolderFiles implements ItemOutput {
  readonly #options: FolderOptions
  readonly #itemOf = new Map<string, string>()
  #position: FolderPosition
  #pending: NewFile[] = []
  #pendingBytes = 0
  /** Entries for a list of names that this owner has not begun yet. */
  #before: readonly FolderEntry[]
  #names: OutputWriter | undefined
  #unseen: { readonly hidden: string; readonly path: string }[] = []
  #obsolete: string | undefined
  readonly #fault: FirstFault

  constructor(options: FolderOptions) {
    this.#options = options
    this.#fault = new FirstFault(error => outputFailed(error, this.#position.path, options.folder))
    this.#position = options.position
    this.#before = options.entries
    this.#obsolete = options.position.names?.path
    for (const [name, item] of options.entries) this.#itemOf.set(this.#same(name), item)
  }

  get position(): FolderPosition {
    return this.#position
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  add(value: unknown, item: OutputItem): void {
    this.#fault.check()
    const shown = this.#options.position.path
    const itemName = item.key ?? String(item.index)
    const name = checkFileName(this.#options.nameOf(value, item), itemName, shown)
    const other = this.#itemOf.get(this.#same(name))
    if (other !== undefined) throw sameName(name, itemName, other, shown)
    const bytes = this.#options.encode(value)
    this.#itemOf.set(this.#same(name), itemName)
    this.#pending.push({ entry: [name, itemName, bytes.length], bytes })
    this.#pendingBytes += bytes.length + name.length
  }

  /** What the file system takes for one name. */
  #same(name: string): string {
    return this.#options.ignoresCase ? name.normalize('NFC').toLowerCase() : name
  }

  flush(): Promise<FolderPosition> {
    return this.#fault.guard(async () => {
      const { context, folder } = this.#options
      const files = this.#pending
      this.#pending = []
      this.#pendingBytes = 0
      if (files.length === 0) return this.#position
      const first = this.#position.count + 1
      const queue = [...files.entries()]
      await Promise.all(Array.from({ length: writtenAtOnce }, () => this.#writeSome(queue, first)))
      await context.files.syncDirectory(folder)
      const names = await this.#writeNames(files)
      this.#position = { ...this.#position, count: this.#position.count + files.length, names, token: context.token }
      return this.#position
    })
  }

  async #writeSome(queue: (readonly [at: number, file: NewFile])[], first: number): Promise<void> {
    const { context, folder } = this.#options
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [at, { entry, bytes }] = next
      const hidden = `${folder}/${hiddenName({ run: context.run, token: context.token, kind: 'file', number: first + at })}`
      // One of the same number may be left from a pass of this attempt that failed.
      await context.files.remove(hidden)
      const file = await context.files.open(hidden, 'create', outputFilePermissions)
      try {
        await file.write(bytes, 0)
        await file.sync()
      } finally {
        await file.close()
      }
      this.#unseen.push({ hidden, path: `${folder}/${entry[0]}` })
    }
  }

  async #writeNames(files: readonly NewFile[]) {
    const { context, folder } = this.#options
    this.#names ??= await openOutput(
      context.files,
      jsonl(hiddenName({ run: context.run, token: context.token, kind: 'names', number: this.#numberOfNames() })),
      {
        baseDirectory: folder,
        token: context.token,
        earlierOwnerDead: true,
        stage: context.stage,
      },
    )
    for (const entry of this.#before) this.#names.add(entry)
    this.#before = []
    for (const { entry } of files) this.#names.add(entry)
    return this.#names.flush()
  }

  /** Another than that of the list that counts, which may be of an earlier pass of this attempt: it must stay whole until the new one is counted. */
  #numberOfNames(): number {
    const counted = parseHiddenName(this.#position.names?.path ?? '')
    return counted?.token === this.#options.context.token ? counted.number + 1 : 1
  }

  /** Shows the files that are counted now. */
  recorded(): Promise<void> {
    return this.#fault.guard(async () => {
      const { context, folder } = this.#options
      for (const { hidden, path } of this.#unseen) await context.files.rename(hidden, path)
      if (this.#unseen.length > 0) await context.files.syncDirectory(folder)
      this.#unseen = []
      const kept = this.#position.names?.path
      if (this.#obsolete !== undefined && this.#obsolete !== kept) await context.files.remove(`${folder}/${this.#obsolete}`)
      this.#obsolete = kept
    })
  }

  async finish(): Promise<FolderPosition> {
    await this.close()
    return this.#position
  }

  async close(): Promise<void> {
    await this.#names?.close()
  }
}

function sameName(name: string, item: string, other: string, shown: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${shown}: the items ${other} and ${item} both have the file name ${JSON.stringify(name)}`,
    means: `The file of ${other} is kept; item ${item} is not done, because its file would replace the other.`,
    remedy: "Let name return another name for every item, such as item.index + '.json'.",
    details: { name, item, other },
  })
}
