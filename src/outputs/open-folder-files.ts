import { basename, dirname } from 'node:path'
import type { FileSystem } from '../files/file-system.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import type { FolderPosition } from '../model/records.ts'
import { type FolderEntry, FolderFiles, type FolderOptions } from './folder-files.ts'
import { hiddenName, isLeftOver, parseHiddenName } from './hidden-names.ts'
import type { OpenedOutput, OutputContext } from './item-target.ts'
import { outputChanged, outputFailed } from './output-faults.ts'
import { checkContent, outputFolderPermissions } from './output-file.ts'
import { itemFolder } from './output-folder.ts'

export type FolderTarget = Pick<FolderOptions, 'nameOf' | 'encode'> & { readonly shown: string }

/**
 * Opens a folder behind the files that count: those that were not renamed yet are, and files of earlier runs that this library wrote there are removed.
 *
 * @throws WaymarkError `conflict` if the list of what counts is gone or was changed: nothing is then touched
 */
export async function openFolderFiles(
  context: OutputContext,
  recorded: FolderPosition,
  target: FolderTarget,
): Promise<OpenedOutput> {
  const { files, run, token } = context
  const folder = await itemFolder(files, target.shown, context.baseDirectory)
  const position = recorded.count === 0 ? { ...recorded, path: target.shown } : recorded
  if (position.path !== target.shown) {
    throw outputChanged(`The output is now ${target.shown}, but what counts so far was written to ${position.path}`, {
      shown: position.path,
      stage: context.stage,
      details: { folder },
    })
  }
  try {
    const entries = position.names === undefined ? [] : await readEntries(context, folder, position)
    await makeDurableDirectory(files, folder, outputFolderPermissions)
    for (const [at, [name]] of entries.entries()) {
      const hidden = `${folder}/${hiddenName({ run, token: position.token ?? 0, kind: 'file', number: at + 1 })}`
      if (at >= position.count) break
      if (await files.exists(hidden)) await files.rename(hidden, `${folder}/${name}`)
    }
    if (position.count === 0) await removeEarlier(context, folder)
    for (const name of await files.list(folder)) {
      if (name !== position.names?.path && isLeftOver(name, { run, token })) await files.remove(`${folder}/${name}`)
    }
    await files.syncDirectory(folder)
    const { nameOf, encode } = target
    const ignoresCase = await namesIgnoreCase(files, folder)
    const output = new FolderFiles({ context, folder, position, entries, ignoresCase, nameOf, encode })
    return { output, notices: await missing(files, folder, position.path, entries) }
  } catch (error) {
    throw outputFailed(error, target.shown, folder)
  }
}

/** The files that count, in the order in which they were counted. */
export async function readEntries(
  { files, stage, token }: Pick<OutputContext, 'files' | 'stage' | 'token'>,
  folder: string,
  position: FolderPosition,
): Promise<readonly FolderEntry[]> {
  const { names } = position
  if (names === undefined) return []
  const path = `${folder}/${names.path}`
  await checkContent({ files, path, start: { ...names, path: `${position.path}/${names.path}` }, stage, token })
  return entriesIn(files, path, names.length)
}

async function entriesIn(files: FileSystem, path: string, length: number): Promise<readonly FolderEntry[]> {
  const file = await files.open(path, 'read')
  try {
    const lines = Buffer.from(await file.read(0, length))
      .toString('utf8')
      .split('\n')
    return lines.flatMap(line => entryOf(line) ?? [])
  } finally {
    await file.close()
  }
}

function entryOf(line: string): [FolderEntry] | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    if (!Array.isArray(entry)) return undefined
    const [name, item, bytes] = entry
    // A list may be anybody's by now: a name must never lead out of the folder.
    if (typeof name !== 'string' || name === '' || /[/\\\0]/.test(name) || name === '.' || name === '..') return undefined
    return typeof item === 'string' && typeof bytes === 'number' ? [[name, item, bytes]] : undefined
  } catch {
    return undefined
  }
}

/** Files that an earlier run of this library wrote here, as its list says; one that was changed since is not ours any more. */
async function removeEarlier({ files, mustOwn }: OutputContext, folder: string): Promise<void> {
  for (const list of await files.list(folder)) {
    if (parseHiddenName(list)?.kind !== 'names') continue
    const path = `${folder}/${list}`
    const size = (await files.stat(path))?.size ?? 0
    for (const [name, , bytes] of await entriesIn(files, path, size)) {
      const found = await files.stat(`${folder}/${name}`)
      if (found?.kind !== 'file' || found.size !== bytes) continue
      await mustOwn?.()
      await files.remove(`${folder}/${name}`)
    }
    // Before the list itself: after a crash in between it is gone through again.
    await files.syncDirectory(folder)
  }
}

/** Whoever takes files away from a folder may do so; it is said all the same. */
async function missing(
  files: FileSystem,
  folder: string,
  shown: string,
  entries: readonly FolderEntry[],
): Promise<readonly string[]> {
  let gone = 0
  for (const [name, , bytes] of entries) {
    const found = await files.stat(`${folder}/${name}`)
    if (found?.kind !== 'file' || found.size !== bytes) gone++
  }
  return gone === 0
    ? []
    : [
        `${shown}: ${gone} of ${entries.length} files that count are not there any more as they were written; they are not written again`,
      ]
}

/** Whether `A` and `a` are one file here: then two items must not differ in that alone. */
async function namesIgnoreCase(files: FileSystem, folder: string): Promise<boolean> {
  const name = basename(folder)
  const other = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase()
  if (other === name) return process.platform === 'darwin' || process.platform === 'win32'
  const [here, there] = await Promise.all([files.stat(folder), files.stat(`${dirname(folder)}/${other}`)])
  return here !== undefined && here.identity === there?.identity
}
