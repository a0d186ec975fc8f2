import { dirname, join, resolve } from 'node:path'
import type { StreamReader } from '../chunks/stream-reader.ts'
import { fileFault } from '../files/file-faults.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import { decodeFileTable, fileTableEndBytes, fileTableOffset, type StoredFile } from '../format/file-table.ts'
import { WaymarkError } from '../model/errors.ts'
import { newProcessId } from '../model/ids.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { contentOf } from './read-checkpoint-bytes.ts'
import type { StoreCore } from './store-core.ts'

/** The files of a checkpoint, without their contents. */
export async function listFiles(core: StoreCore, view: CheckpointView): Promise<readonly StoredFile[]> {
  return (await openFiles(core, view)).table
}

/**
 * Writes the files of a checkpoint into a folder, each under a name of its own until it is whole and durable. A file that is there already is not touched.
 *
 * @throws WaymarkError `conflict` if a file is there already, `corrupt`, `invalid` if the checkpoint holds no files, `disk_full`, `unavailable`
 */
export async function restoreFiles(core: StoreCore, view: CheckpointView, to: string): Promise<readonly StoredFile[]> {
  const { reader, table } = await openFiles(core, view)
  const folder = resolve(to)
  for (const { name } of table) if (await core.files.exists(join(folder, name))) throw alreadyThere(join(folder, name))
  try {
    for (const file of table) await restoreFile(core, reader, file, join(folder, file.name))
  } catch (error) {
    throw fileFault(error, `restore into ${folder}`, 'The files written so far are whole; the store was not changed.')
  }
  return table
}

async function openFiles(
  core: StoreCore,
  view: CheckpointView,
): Promise<{ readonly reader: StreamReader; readonly table: readonly StoredFile[] }> {
  const content = await contentOf(core, view)
  if (view.encoding !== 'files' || content.kind !== 'chunks') throw holdsNoFiles(view)
  const { reader } = await core.chunks.open(content)
  const tableEnd = reader.length - fileTableEndBytes
  const offset = fileTableOffset(await reader.read(tableEnd, fileTableEndBytes), reader.length)
  return { reader, table: decodeFileTable(await reader.read(offset, tableEnd - offset), offset) }
}

async function restoreFile(core: StoreCore, reader: StreamReader, { offset, length }: StoredFile, path: string): Promise<void> {
  const { files } = core
  await makeDurableDirectory(files, dirname(path))
  const temporary = `${path}.${newProcessId(core.random)}.tmp`
  const file = await files.open(temporary, 'create')
  try {
    for await (const chunk of reader.chunks(offset, offset + length)) {
      const from = Math.max(0, offset - chunk.offset)
      const bytes = chunk.bytes.subarray(from, offset + length - chunk.offset)
      await file.write(bytes, chunk.offset + from - offset)
    }
    await file.sync()
  } catch (error) {
    await file.close()
    await files.remove(temporary).catch(() => {})
    throw error
  }
  await file.close()
  if (await files.exists(path)) {
    await files.remove(temporary)
    throw alreadyThere(path)
  }
  await files.rename(temporary, path)
  await files.syncDirectory(dirname(path))
}

function holdsNoFiles(view: CheckpointView): WaymarkError {
  return new WaymarkError('invalid', {
    message: `checkpoint ${view.id} holds no files`,
    means: 'Nothing was read or written.',
    remedy: 'Load it with store.load().',
    details: { checkpoint: view.id, encoding: view.encoding },
  })
}

function alreadyThere(path: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${path} exists already`,
    means: 'Nothing was written.',
    remedy: 'Restore into an empty folder, or move the file away.',
    details: { path },
  })
}
