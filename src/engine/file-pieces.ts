import { basename, resolve } from 'node:path'
import type { StreamPiece } from '../chunks/stream-saver.ts'
import { fileFault } from '../files/file-faults.ts'
import type { FileSystem } from '../files/file-system.ts'
import { encodeFileTable, type StoredFile } from '../format/file-table.ts'
import { freeBytes } from '../format/free-bytes.ts'
import { WaymarkError } from '../model/errors.ts'
import { slabBytes, slabs } from './slab-filler.ts'

/** Folders inside one another: a link that leads back up would never end. */
const deepestFolder = 100

/**
 * Files as a stream: their bytes one behind the other, each a part of its own, then the table that says which is where. Of one folder the names are those inside it; of several paths each begins
 * with the last part of its path.
 *
 * @throws WaymarkError `not_found`, `invalid` for what is neither file nor folder, `conflict` if a file changes its length while it is read
 */
export async function* filePieces(files: FileSystem, from: string | readonly string[]): AsyncIterableIterator<StreamPiece> {
  const table: StoredFile[] = []
  let offset = 0
  for await (const { path, name } of found(files, from)) {
    const start = offset
    for await (const piece of contentPieces(files, path)) {
      if (piece.kind !== 'known') offset += piece.bytes.length
      yield piece
    }
    table.push({ name, offset: start, length: offset - start })
  }
  yield { kind: 'value', bytes: encodeFileTable(table, offset), endsPart: true }
}

interface FoundFile {
  readonly path: string
  readonly name: string
}

async function* found(files: FileSystem, from: string | readonly string[]): AsyncIterableIterator<FoundFile> {
  const names = new Set<string>()
  const seenFolders = new Set<string>()
  for (const given of typeof from === 'string' ? [from] : from) {
    const path = resolve(given)
    const prefix = typeof from === 'string' && (await kindOf(files, path)) === 'directory' ? '' : basename(path)
    for await (const file of below(files, path, prefix, 0)) {
      const parts = file.name.split('/')
      const folders = parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'))
      // Nor may one file be where another has a folder.
      if (names.has(file.name) || seenFolders.has(file.name) || folders.some(folder => names.has(folder)))
        throw sameName(file.name)
      names.add(file.name)
      for (const folder of folders) seenFolders.add(folder)
      yield file
    }
  }
}

async function* below(files: FileSystem, path: string, name: string, depth: number): AsyncIterableIterator<FoundFile> {
  const kind = await kindOf(files, path)
  if (kind === 'file') yield { path, name }
  else if (kind === 'other' || depth > deepestFolder) throw notAFile(path)
  else {
    for (const entry of await files.list(path)) {
      yield* below(files, `${path}/${entry}`, name === '' ? entry : `${name}/${entry}`, depth + 1)
    }
  }
}

async function kindOf(files: FileSystem, path: string): Promise<'file' | 'directory' | 'other'> {
  try {
    const stat = await files.stat(path)
    if (stat !== undefined) return stat.kind
  } catch (error) {
    throw fileFault(error, `look at ${path}`, 'Nothing was saved.')
  }
  throw new WaymarkError('not_found', {
    message: `there is no file ${path}`,
    means: 'Nothing was saved.',
    remedy: 'Give paths that exist.',
    details: { path },
  })
}

async function* contentPieces(files: FileSystem, path: string): AsyncIterableIterator<StreamPiece> {
  try {
    const file = await files.open(path, 'read')
    try {
      const { size } = await file.stat()
      for (let at = 0; at < size; ) {
        const slab = slabs.take()
        const bytes = await file.read(at, Math.min(slabBytes, size - at))
        if (bytes.length === 0) throw changedLength(path)
        const { length } = bytes
        slab.set(bytes)
        freeBytes(bytes)
        at += length
        yield { kind: 'blob', bytes: slab.subarray(0, length), endsPart: at === size, release: () => slabs.give(slab) }
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw fileFault(error, `read ${path}`, 'Nothing was saved.')
  }
}

function notAFile(path: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${path} is neither a file nor a folder that can be saved`,
    means: 'Nothing was saved.',
    remedy: 'Leave out sockets, devices and links that lead in a circle.',
    details: { path },
  })
}

function sameName(name: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `two of the files would be saved as ${name}`,
    means: 'Nothing was saved.',
    remedy: 'Give the folder that holds both, or save them as two checkpoints.',
    details: { name },
  })
}

function changedLength(path: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${path} became shorter while it was read`,
    means: 'Nothing was saved.',
    remedy: 'Save it when nothing writes to it.',
    retryable: true,
    details: { path },
  })
}
