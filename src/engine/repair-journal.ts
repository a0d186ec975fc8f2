import { createHash } from 'node:crypto'
import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import type { StreamPlace } from '../log/log.ts'
import type { SettableStatus } from '../model/checkpoint-changes.ts'
import { WaymarkError } from '../model/errors.ts'
import { readWhole, writeDurably } from './repair-files.ts'
import type { SegmentNote } from './verify-log.ts'

/** A file that a repair changes. Paths are relative to the store. */
export interface ChangedFile {
  readonly path: string
  /** What it was: SHA-256 in hex and bytes, of zeros where it was refused. Absent: it was not there. */
  readonly before?: { readonly sha256: string; readonly bytes: number; readonly refused?: true; readonly aside: string }
  /** What it becomes. Absent: it goes. */
  readonly after?: { readonly sha256: string; readonly bytes: number; readonly made: string }
}

/** A checkpoint of which a repair changes the status. */
export interface MarkedCheckpoint {
  readonly id: string
  readonly before: SettableStatus
  /** What the repair says it is. Absent: `damaged`. */
  readonly after?: SettableStatus
}

/** What a repair does, written before it does anything: enough to undo it. */
export interface RepairJournal {
  readonly format: 1
  readonly id: string
  readonly startedAt: number
  /** `started`: copies are being made, nothing is changed. `changing`: all copies are there. */
  readonly state: 'started' | 'changing' | 'done' | 'undone'
  readonly actions: readonly { readonly kind: string; readonly name: string; readonly does: string; readonly reason: string }[]
  readonly files: readonly ChangedFile[]
  readonly statuses: readonly MarkedCheckpoint[]
  /** Damage of the log that cannot be mended: verifying does not report it as new. */
  readonly segments: readonly SegmentNote[]
  /** Runs that go on from an earlier record, under which fencing token, and the newest record there was. */
  readonly runs?: readonly FallenRun[]
}

export interface FallenRun {
  readonly run: string
  /** Absent: the repair was interrupted before it knew. */
  readonly token?: number
  /** Absent: not known. */
  readonly from?: StreamPlace
}

export const asideFolder = 'aside'
export const journalName = 'repair.json'

export const repairFolder = (root: string, id: string): string => `${root}/${asideFolder}/${id}`

/** Durable when it resolves; a reader finds the journal before or this one. */
export async function writeJournal(files: FileSystem, root: string, journal: RepairJournal, temporary: string): Promise<void> {
  const folder = repairFolder(root, journal.id)
  await makeDurableDirectory(files, folder)
  const body = JSON.stringify(journal)
  const text = `${JSON.stringify({ ...journal, checksum: checksum(body) }, null, 2)}\n`
  const path = `${folder}/${journalName}.${temporary}.tmp`
  await writeDurably(files, path, Buffer.from(text))
  await files.rename(path, `${folder}/${journalName}`)
  await files.syncDirectory(folder)
}

/** @throws WaymarkError `not_found` if there was no such repair, `corrupt` if its journal is damaged */
export async function readJournal(files: FileSystem, root: string, id: string): Promise<RepairJournal> {
  const bytes = /^[0-9a-z]+$/.test(id) ? await readWhole(files, `${repairFolder(root, id)}/${journalName}`) : undefined
  if (bytes === undefined) throw await noRepair(files, root, id)
  const journal = decodeJournal(bytes)
  if (journal !== undefined) return journal
  throw new WaymarkError('corrupt', {
    message: `the journal of repair ${id} is damaged`,
    means: `What the repair set aside is still in ${asideFolder}/${id}; nothing was changed now.`,
    remedy: 'Put the files back by hand, or put back the journal from a backup.',
    details: { repair: id },
  })
}

/** The repairs there were, oldest first; those whose journal is damaged or was never finished are left out. */
export async function listJournals(files: FileSystem, root: string): Promise<readonly RepairJournal[]> {
  const journals: RepairJournal[] = []
  for (const id of await repairIds(files, root)) {
    const bytes = await readWhole(files, `${repairFolder(root, id)}/${journalName}`)
    const journal = bytes && decodeJournal(bytes)
    if (journal !== undefined) journals.push(journal)
  }
  return journals.sort((a, b) => a.startedAt - b.startedAt)
}

/** Why a repair marked a checkpoint as damaged; undefined if none did. */
export async function markedBecause(
  { files, path }: { readonly files: FileSystem; readonly path: string },
  checkpoint: string,
): Promise<string | undefined> {
  const actions = (await listJournals(files, path)).flatMap(journal => journal.actions)
  return actions.findLast(({ kind, does, name }) => kind === 'checkpoint' && does === 'mark' && name === checkpoint)?.reason
}

async function repairIds(files: FileSystem, root: string): Promise<readonly string[]> {
  try {
    return await files.list(`${root}/${asideFolder}`)
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return []
    throw error
  }
}

function decodeJournal(bytes: Uint8Array): RepairJournal | undefined {
  try {
    const { checksum: sum, ...journal }: RepairJournal & { checksum?: unknown } = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return journal.format === 1 && sum === checksum(JSON.stringify(journal)) ? journal : undefined
  } catch {
    return undefined
  }
}

const checksum = (body: string): string => createHash('sha256').update(body).digest('hex')

async function noRepair(files: FileSystem, root: string, id: string): Promise<WaymarkError> {
  const known = (await listJournals(files, root)).filter(({ state }) => state !== 'undone').map(journal => journal.id)
  return new WaymarkError('not_found', {
    message: `there was no repair ${JSON.stringify(id)} of this store`,
    means: 'Nothing was changed.',
    remedy: known.length === 0 ? 'There is no repair that could be undone.' : `Repairs that can be undone: ${known.join(', ')}`,
    details: { repairs: known },
  })
}
