import type { ChunkPromise } from '../../../src/testing/chunk-promises.ts'
import type { Edit } from '../../run-edited.ts'

/** One step on the way to an acknowledgement, taken out of the sources. */
export interface ChunkRemoval {
  readonly step: string
  readonly edits: readonly Edit[]
  /** The scenarios that show it, by a part of their name. */
  readonly scenario: string
  /** Share of the disks on which the power goes a second time, where that is what shows it. */
  readonly again?: number
  /** Which promise breaks: one of these. */
  readonly breaks: readonly ChunkPromise[]
}

const blobs = 'blobs/fs-blob-store.ts'
const descriptor = 'engine/store-descriptor.ts'
const parents = 'engine/parents.ts'
const sink = 'chunks/pack-sink.ts'

const edit = (file: string, text: string, by: string): Edit => ({ file, text, by })

/** Every step that says what breaks without it. */
export const chunkRemovals: readonly ChunkRemoval[] = [
  {
    step: 'a pack is synced',
    edits: [edit(blobs, '      await this.#file.sync()\n', '')],
    scenario: 'first save',
    breaks: ['kept', 'whole'],
  },
  {
    step: 'a pack gets its name only when its bytes are durable',
    edits: [
      edit(
        blobs,
        '      await this.#file.sync()\n      await this.#file.close()\n      await this.#files.rename(this.#temporary, this.#final)\n',
        '      await this.#files.rename(this.#temporary, this.#final)\n      await this.#file.sync()\n      await this.#file.close()\n',
      ),
    ],
    scenario: 'first save',
    breaks: ['whole'],
  },
  {
    step: 'the names of packs are synced',
    edits: [
      edit(
        'chunks/stream-saver.ts',
        "    if (stored.packs.length > 0) await (timer === undefined ? flush() : timer.during('fsync', flush))\n",
        '',
      ),
    ],
    scenario: 'first save',
    breaks: ['kept'],
  },
  {
    step: 'the record waits for the names of the packs',
    edits: [
      edit(
        'chunks/stream-saver.ts',
        "await (timer === undefined ? flush() : timer.during('fsync', flush))",
        'setTimeout(() => void flush(), 20)',
      ),
    ],
    scenario: 'first save',
    breaks: ['kept'],
  },
  {
    step: 'the record waits for a pack of one frame',
    edits: [
      edit(
        sink,
        "blob.append([bytes]))\n      await this.#timed('fsync', () => blob.seal())\n",
        'blob.append([bytes]))\n      setTimeout(() => void blob.seal().catch(() => {}), 20)\n',
      ),
    ],
    scenario: 'first save',
    breaks: ['kept', 'undisturbed'],
  },
  {
    step: 'the record waits for a pack of many frames',
    edits: [
      edit(
        sink,
        "      if (blob !== undefined) await this.#timed('fsync', () => blob.seal())\n",
        '      setTimeout(() => void blob?.seal().catch(() => {}), 20)\n',
      ),
    ],
    scenario: 'bytes and rows',
    breaks: ['kept', 'undisturbed'],
  },
  {
    step: 'an old store is upgraded',
    edits: [edit('engine/write-checkpoint.ts', '  await core.upgrade()\n', '')],
    scenario: 'format 1.0',
    breaks: ['refused'],
  },
  {
    step: 'the first chunks wait for the upgrade',
    edits: [edit('engine/write-checkpoint.ts', '  await core.upgrade()\n', '  setTimeout(() => void core.upgrade(), 20)\n')],
    scenario: 'format 1.0',
    breaks: ['refused'],
  },
  {
    step: 'the new descriptor is synced',
    edits: [edit(descriptor, '    await file.sync()\n', '')],
    scenario: 'format 1.0',
    breaks: ['opens'],
  },
  {
    step: 'the new descriptor takes the place of the old one at once',
    edits: [
      edit(
        descriptor,
        '    await files.rename(temporary, ',
        "    await files.remove([root, descriptorName].join('/'))\n    await files.rename(temporary, ",
      ),
    ],
    scenario: 'format 1.0',
    breaks: ['opens', 'undisturbed'],
  },
  {
    step: 'the name of the new descriptor is synced',
    edits: [edit(descriptor, '    await files.syncDirectory(root)\n    return upgraded\n', '    return upgraded\n')],
    scenario: 'format 1.0',
    breaks: ['refused'],
  },
  {
    step: 'who finds a descriptor upgraded syncs its name',
    edits: [
      edit(descriptor, '    await files.syncDirectory(root).catch(error => {', '    await Promise.resolve().catch(error => {'),
    ],
    scenario: 'format 1.0',
    again: 0.6,
    breaks: ['refused'],
  },
  {
    step: 'nothing stands on a record that may not be durable',
    edits: [edit(parents, ' || !(await this.#isDurable(view.record))', '')],
    scenario: 'format 1.0',
    again: 0.6,
    breaks: ['kept', 'goesOn'],
  },
  {
    step: 'the record waits for the parity',
    edits: [
      edit(
        'chunks/parity-blobs.ts',
        '    await this.#parity.seal()\n',
        '    const parity = this.#parity\n    setTimeout(() => void parity.seal().catch(() => {}), 20)\n',
      ),
    ],
    scenario: 'parity',
    breaks: ['paired'],
  },
  {
    step: 'the parity is synced',
    edits: [edit(blobs, '      await this.#file.sync()\n', "      if (!this.#final.endsWith('.par')) await this.#file.sync()\n")],
    scenario: 'parity',
    breaks: ['paired'],
  },
]
