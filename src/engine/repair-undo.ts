import { fileFault } from '../files/file-faults.ts'
import { parentOf } from '../files/make-durable-directory.ts'
import type { CheckpointChanged } from '../model/checkpoint-records.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { newProcessId } from '../model/ids.ts'
import { encodeRunRecord } from './record-codec.ts'
import { copyAside, copyBack } from './repair-copies.ts'
import { fileFacts } from './repair-files.ts'
import { asideFolder, type ChangedFile, type FallenRun, type RepairJournal, readJournal, writeJournal } from './repair-journal.ts'
import type { UndoReport } from './repair-report.ts'
import type { StoreCore } from './store-core.ts'

/**
 * Puts back what a repair changed, also one that was interrupted: files as they were, byte by byte, and the status of checkpoints. What the repair had made is kept beside. Can be interrupted and
 * run again. The catalog and what remembers chunks stay: they are made from the rest.
 *
 * @throws WaymarkError `not_found`, `corrupt` if the journal or what was set aside is damaged, `disk_full`, `unavailable`
 */
export async function undoRepair(core: StoreCore, id: string): Promise<UndoReport> {
  try {
    const journal = await readJournal(core.files, core.path, id)
    if (journal.state === 'undone') return { id, files: [], checkpoints: [], runs: [], keptRuns: [], already: true }
    const restored: string[] = []
    // Before that it had changed nothing, and may not even have copied all.
    const hasChanged = journal.state !== 'started'
    if (hasChanged) for (const change of journal.files) if (await putBack(core, id, change)) restored.push(change.path)
    await core.memory.forget()
    const checkpoints = hasChanged ? await restoreStatuses(core, journal.statuses) : []
    const fallen = hasChanged ? (journal.runs ?? []) : []
    const kept = (await Promise.all(fallen.map(one => riseAgain(core, one)))).flatMap(one => one ?? [])
    await core.feed.refresh()
    await writeJournal(core.files, core.path, { ...journal, state: 'undone' }, newProcessId(core.random))
    const runs = fallen.map(({ run }) => run).filter(run => !kept.some(one => one.run === run))
    return { id, files: restored, checkpoints, runs, keptRuns: kept }
  } catch (error) {
    throw fileFault(error, `undo repair ${id}`, 'What was put back stays; undo it again for the rest.')
  }
}

async function putBack(core: StoreCore, id: string, { path, before }: ChangedFile): Promise<boolean> {
  const { files, path: root } = core
  const name = `${root}/${path}`
  const now = await fileFacts(files, name)
  if (now?.sha256 === before?.sha256) return false
  if (now !== undefined) await copyAside(core, path, `${asideFolder}/${id}/undone/${path}`)
  if (before === undefined) await files.remove(name)
  else {
    const made = `${asideFolder}/${id}/made/${path}`
    const facts = await copyBack(core, before.aside, path, made)
    // What it says was not known for want of its key, which may have been put back since: every block of it proves itself.
    if (facts === undefined || (facts.sha256 !== before.sha256 && before.refused !== true)) throw asideDamaged(before.aside)
    await files.rename(`${root}/${made}`, name)
  }
  await files.syncDirectory(parentOf(name))
  return true
}

async function restoreStatuses(core: StoreCore, statuses: RepairJournal['statuses']): Promise<readonly string[]> {
  await core.feed.refresh()
  const restored: string[] = []
  const records: CheckpointChanged[] = []
  for (const { id, before, after = 'damaged' } of statuses) {
    const view = await core.feed.query(catalog => catalog.checkpoint(id))
    // Deleted meanwhile, never marked, or said otherwise since.
    if (view === undefined || (view.status ?? 'active') !== after || before === after) continue
    const time = Math.max(core.clock.now(), (view.changedAt ?? 0) + 1)
    records.push({ type: 'checkpoint.changed', time, id, changes: { status: before } })
    restored.push(id)
  }
  if (records.length > 0) await core.log.appendFree(records.map(encodeRunRecord))
  await core.feed.refresh()
  return restored
}

/**
 * What counts of a run is again all that it recorded: so it cannot be read whole, unless the lost piece was put back. Undefined when that is done; else why it stays as the repair made it.
 */
async function riseAgain(
  core: StoreCore,
  { run, token, from }: FallenRun,
): Promise<{ readonly run: string; readonly reason: string } | undefined> {
  if (token === undefined || from === undefined) return { run, reason: 'how many records it had is not known' }
  try {
    await core.log.goOnFrom(run, from, token)
    return undefined
  } catch (error) {
    if (isWaymarkError(error, 'fenced')) return { run, reason: 'it has gone on since' }
    throw error
  }
}

const asideDamaged = (path: string): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `${path} is not what the repair set aside`,
    means: 'What it stands for was left as the repair made it.',
    remedy: 'Put the file back from a backup.',
    details: { path },
  })
