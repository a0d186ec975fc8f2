import { basename, dirname } from 'node:path'
import type { FileSystem } from '../files/file-system.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import type { FolderPosition } from '../model/output-position.ts'
import { type FolderEntry, FolderFiles, type FolderOptions } from './folder-files.ts'
import { isLeftOver, parseHiddenName } from './hidden-names.ts'
import type { OpenedOutput, OutputContext } from './item-target.ts'
import { outputChanged, outputFailed } from './output-faults.ts'
import { checkContent, outputFolderPermissions } from './output-file.ts'
import { itemFolder } from './output-folder.ts'
import { removeVisible } from './remove-visible.ts'

/** Files whose length is compared with what was written, at most. */
const mostLookedAt = 64

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
    if (position.count === 0) await removeEarlier(context, folder)
    const visible = new Set<string>()
    for (const name of await files.list(folder)) {
      const counted = name === position.names?.path ? undefined : entryAt(name, run, position, entries)
      if (counted !== undefined) await files.rename(`${folder}/${name}`, `${folder}/${counted}`)
      else if (name !== position.names?.path && isLeftOver(name, { run, token })) await files.remove(`${folder}/${name}`)
      visible.add(counted ?? name)
    }
    await files.syncDirectory(folder)
    const { nameOf, encode } = target
    const ignoresCase = await namesIgnoreCase(files, folder)
    const output = new FolderFiles({ context, folder, position, entries, ignoresCase, nameOf, encode })
    return { output, notices: await missing({ files, folder, shown: position.path, entries, visible }) }
  } catch (error) {
    throw outputFailed(error, target.shown, folder)
  }
}

/** The name of the file that counts and still has this hidden name, because its owner died before it was shown: one of the last flush. */
function entryAt(hidden: string, run: string, position: FolderPosition, entries: readonly FolderEntry[]): string | undefined {
  const parsed = parseHiddenName(hidden)
  const { run: owner, token, kind, number = 0 } = parsed ?? {}
  if (kind !== 'file' || owner !== run || token !== (position.token ?? 0) || number > position.count) return undefined
  return entries[number - 1]?.[0]
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
async function removeEarlier(context: OutputContext, folder: string): Promise<void> {
  const { files } = context
  for (const list of await files.list(folder)) {
    if (parseHiddenName(list)?.kind !== 'names') continue
    const path = `${folder}/${list}`
    const size = (await files.stat(path))?.size ?? 0
    for (const [name, , bytes] of await entriesIn(files, path, size)) {
      const found = await files.stat(`${folder}/${name}`)
      if (found?.kind === 'file' && found.size === bytes) await removeVisible(context, folder, name, found)
    }
    // Before the list itself: after a crash in between it is gone through again.
    await files.syncDirectory(folder)
  }
}

interface Found {
  readonly files: FileSystem
  readonly folder: string
  readonly shown: string
  /** Files that count. */
  readonly entries: readonly FolderEntry[]
  /** Names in the folder. */
  readonly visible: ReadonlySet<string>
}

/**
 * Whoever takes files away from a folder may do so; it is said all the same. Whether a file is there the listing tells; how long it is, only of
 * some: there may be millions.
 */
async function missing({ files, folder, shown, entries, visible }: Found): Promise<readonly string[]> {
  const sizeOf = async (name: string) => {
    const found = await files.stat(`${folder}/${name}`)
    return found?.kind === 'file' ? found.size : undefined
  }
  const unlisted = entries.filter(([name]) => !visible.has(name))
  // A file system may spell a name in its own way: a few are asked for, and if these are there, so are the others.
  const firstGone = await Promise.all(unlisted.slice(0, mostLookedAt).map(([name]) => sizeOf(name)))
  const gone = firstGone.some(size => size === undefined)
    ? unlisted.length - firstGone.filter(size => size !== undefined).length
    : 0
  const step = Math.max(1, Math.ceil(entries.length / mostLookedAt))
  const sample = entries.filter(([name], at) => (entries.length - 1 - at) % step === 0 && visible.has(name))
  const sizes = await Promise.all(sample.map(([name]) => sizeOf(name)))
  const changed = sample.filter(([, , bytes], at) => sizes[at] !== bytes).length
  const notAgain = 'they are not written again'
  return [
    ...(gone === 0 ? [] : [`${shown}: ${gone} of ${entries.length} files that count are not there any more; ${notAgain}`]),
    ...(changed === 0
      ? []
      : [`${shown}: ${changed} of the ${sample.length} files that were looked at are not as they were written; ${notAgain}`]),
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
