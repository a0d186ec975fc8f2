import { basename, dirname } from 'node:path'
import type { FileSystem, OpenFile } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import type { FilePosition } from '../model/output-position.ts'
import type { OutputContext } from './item-target.ts'
import { outputChanged, outputTakenAway } from './output-faults.ts'
import { OutputTail } from './output-tail.ts'

/** The visible file of an output, and how much of it counts for the owner who is about to write it. */
export interface OutputTarget {
  readonly files: FileSystem
  /** Absolute. */
  readonly path: string
  readonly start: FilePosition
  /** The stage, for remedies. */
  readonly stage: string | undefined
  /** The owner's fencing token. */
  readonly token: number
  /** As in {@link OutputContext}. */
  readonly mustOwn?: OutputContext['mustOwn']
}

/** What any program gives a file it makes: the umask decides who may read a result. */
export const outputFilePermissions = 0o666
export const outputFolderPermissions = 0o777

/** What counts must be there, and be what was written. */
export async function checkContent(target: OutputTarget): Promise<void> {
  const { files, path, start } = target
  const conflict = (what: string, found: Readonly<Record<string, unknown>>) =>
    outputChanged(`${start.path} ${what}`, {
      shown: start.path,
      stage: target.stage,
      details: { file: path, expectedLength: start.length, expectedTail: start.tail, ...found },
    })
  const stat = await files.stat(path)
  if (stat?.kind !== 'file') throw conflict(`is gone; ${start.length} bytes of it count`, { foundLength: null })
  if (stat.size < start.length) {
    throw conflict(`has ${stat.size} bytes, but ${start.length} were written and counted`, { foundLength: stat.size })
  }
  const file = await files.open(path, 'read')
  try {
    const { digest } = await OutputTail.read(file, start.length)
    if (digest === start.tail) return
    throw conflict(`was changed: the bytes before ${start.length} are not those that were counted`, {
      foundLength: stat.size,
      foundTail: digest,
    })
  } finally {
    await file.close()
  }
}

/**
 * Removes what does not count from the visible file itself.
 *
 * Whoever still owns the run once the file is open has not opened a successor's: that one puts a new file in its place after its claim.
 */
export async function cutBack(target: OutputTarget): Promise<OpenFile> {
  const file = await target.files.open(target.path, 'write')
  try {
    await target.mustOwn?.()
    if ((await file.stat()).size > target.start.length) {
      await file.truncate(target.start.length)
      await file.sync()
    }
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/**
 * Puts a new file holding what counts in the place of the visible one. Whoever has the old one open keeps it, without its name.
 *
 * An earlier owner may be stalled in the middle of the same: its part is removed here, so that it has nothing left to rename. One that
 * has not made its part by then makes it after the claim of its successor, and learns before it renames that it has lost the run.
 */
export async function replaceFile(target: OutputTarget): Promise<OpenFile> {
  const { files, path, start } = target
  const before = await files.stat(path)
  if (before !== undefined && before.kind !== 'file') throw notAFile(start.path)
  await removeParts(target)
  const part = `${path}.${target.token}.part`
  const file = await files.open(part, 'create', outputFilePermissions)
  try {
    if (start.length > 0) {
      await copy(files, path, file, start.length)
      await file.sync()
      await checkContent({ ...target, path: part })
    }
    const now = await files.stat(path)
    if (now?.identity !== before?.identity) {
      throw outputTakenAway(`${start.path} was replaced by another process while this run was taking it over`, {
        shown: start.path,
        stage: target.stage,
        details: { file: path },
      })
    }
    await target.mustOwn?.()
    await files.rename(part, path)
    return file
  } catch (error) {
    await file.close()
    await files.remove(part).catch(() => {})
    throw error
  }
}

/** Renaming over a device would take it away from the whole machine. */
function notAFile(shown: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${shown} is a folder, a pipe or a device, not a file`,
    means: 'Nothing was written.',
    remedy: 'Name a regular file; to feed another program, let it read the finished file.',
  })
}

/** Parts of this and of earlier owners: left by a crash, or about to be renamed by an owner that has lost the run. */
async function removeParts({ files, path, token }: OutputTarget): Promise<void> {
  const folder = dirname(path)
  const prefix = `${basename(path)}.`
  for (const name of await files.list(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith('.part')) continue
    const number = name.slice(prefix.length, -'.part'.length)
    if (/^\d+$/.test(number) && Number(number) <= token) await files.remove(`${folder}/${name}`)
  }
}

async function copy(files: FileSystem, from: string, to: OpenFile, length: number): Promise<void> {
  const source = await files.open(from, 'read')
  try {
    for (let position = 0; position < length; ) {
      const piece = await source.read(position, Math.min(1 << 20, length - position))
      if (piece.length === 0) return
      await to.write(piece, position)
      position += piece.length
    }
  } finally {
    await source.close()
  }
}
