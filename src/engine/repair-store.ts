import { fileFault } from '../files/file-faults.ts'
import { parentOf } from '../files/make-durable-directory.ts'
import type { CheckpointChanged, CheckpointNoted } from '../model/checkpoint-records.ts'
import { WaymarkError } from '../model/errors.ts'
import { newProcessId, newRunId } from '../model/ids.ts'
import { encodeRunRecord } from './record-codec.ts'
import { indexPath, rebuildIndex } from './repair-chunk-index.ts'
import { copyAside, madeWith } from './repair-copies.ts'
import { copyDurably, factsOf, fileFacts, writeDurably } from './repair-files.ts'
import { type ChangedFile, type FallenRun, type RepairJournal, repairFolder, writeJournal } from './repair-journal.ts'
import { type FilePlan, planRepair, type RepairPlan } from './repair-plan.ts'
import type { RepairOptions, RepairReport } from './repair-report.ts'
import { fallBack } from './repair-runs.ts'
import type { StoreCore } from './store-core.ts'
import { imagePath } from './verify-catalog.ts'

/** Records that go into one commit. */
const marksTogether = 500

/**
 * Mends what can be mended, in an order that can be interrupted anywhere and simply run again: the journal, copies of all that will change, all new files, and only then their names.
 *
 * @throws WaymarkError `disk_full`, `unavailable`, `conflict` if a file changed since it was read
 */
export async function repairStore(core: StoreCore, options: RepairOptions = {}): Promise<RepairReport> {
  const { plan: planned = false, ...rest } = options
  const plan = await planRepair(core, rest).catch(error => {
    throw fileFault(error, 'look what is damaged', 'Nothing was changed.')
  })
  const { actions, damaged, costs, left } = plan
  if (planned || actions.length === 0) return { planned, actions, damaged, costs, left }
  if (core.readOnly) throw readOnly()
  const id = newRunId(core.random)
  try {
    await carryOut(core, id, plan)
  } catch (error) {
    throw fileFault(error, 'repair the store', `What it had done is noted in aside/${id}; run the repair again, or undo it.`)
  }
  return { id, planned, actions, damaged, costs, left }
}

async function carryOut(core: StoreCore, id: string, plan: RepairPlan): Promise<void> {
  const { files, path: root } = core
  const folder = repairFolder(root, id)
  const changes: ChangedFile[] = []
  for (const file of plan.files) changes.push(await changeOf(core, id, file))
  const journal: RepairJournal = {
    format: 1,
    id,
    startedAt: core.clock.now(),
    state: 'started',
    actions: plan.actions,
    files: changes,
    statuses: plan.marks.map(({ id: checkpoint, before, after }) => ({ id: checkpoint, before, after })),
    segments: plan.segments,
  }
  let runs: FallenRun[] = plan.fallBacks.map(({ run, from }) => ({ run, ...(from === undefined ? {} : { from }) }))
  const write = (state: RepairJournal['state']) =>
    writeJournal(files, root, { ...journal, ...(runs.length === 0 ? {} : { runs }), state }, newProcessId(core.random))
  await write('started')
  for (const { path, before } of changes) if (before !== undefined) await setAside(core, path, before)
  for (const [index, { path, content }] of plan.files.entries()) {
    const after = changes[index]?.after
    if (content === undefined || after === undefined) continue
    const made = await writeDurably(madeWith(core, path), `${root}/${after.made}`, content)
    if (made.sha256 !== after.sha256) throw changedMeanwhile(path)
  }
  await write('changing')
  for (const change of changes) await publish(core, change)
  await core.memory.forget()
  if (plan.marks.length + plan.notes.length > 0) await core.upgrade()
  await note(core, plan.notes)
  await mark(core, plan.marks)
  for (const planned of plan.fallBacks) {
    const token = await fallBack(core, planned)
    runs = runs.map(one => (one.run === planned.run ? { ...one, token } : one))
    await write('changing')
  }
  if (runs.length > 0) await core.feed.refresh()
  if (plan.rebuildsCatalog) await rebuildCatalog(core, folder)
  if (plan.rebuildsIndex) {
    await setIndexAside(core, folder)
    await rebuildIndex(core)
  }
  await write('done')
}

async function changeOf({ files, path: root }: StoreCore, id: string, { path, content }: FilePlan): Promise<ChangedFile> {
  const before = await fileFacts(files, `${root}/${path}`)
  const after = content && (await factsOf(content))
  return {
    path,
    ...(before === undefined ? {} : { before: { ...before, aside: `aside/${id}/${path}` } }),
    ...(after === undefined ? {} : { after: { ...after, made: `aside/${id}/made/${path}` } }),
  }
}

async function setAside(core: StoreCore, path: string, before: NonNullable<ChangedFile['before']>): Promise<void> {
  const { files, path: root } = core
  await copyAside(core, path, before.aside)
  if ((await fileFacts(files, `${root}/${before.aside}`))?.sha256 !== before.sha256) throw changedMeanwhile(path)
}

/** A reader finds the file of before or the one it becomes. */
async function publish({ files, path: root }: StoreCore, { path, after }: ChangedFile): Promise<void> {
  const name = `${root}/${path}`
  // What goes has a durable copy aside.
  if (after === undefined) await files.remove(name)
  else {
    await files.makeDirectory(parentOf(name))
    await files.rename(`${root}/${after.made}`, name)
  }
  await files.syncDirectory(parentOf(name))
}

/** Before the catalog is built anew, which knows of these only what it was told. */
async function note(core: StoreCore, views: RepairPlan['notes']): Promise<void> {
  for (let at = 0; at < views.length; at += marksTogether) {
    const records = views.slice(at, at + marksTogether).map((checkpoint): CheckpointNoted => {
      return { type: 'checkpoint.noted', time: core.clock.now(), checkpoint }
    })
    await core.log.appendFree(records.map(encodeRunRecord))
  }
}

async function mark(core: StoreCore, marks: RepairPlan['marks']): Promise<void> {
  for (let at = 0; at < marks.length; at += marksTogether) {
    const records = marks.slice(at, at + marksTogether).map(({ id, after, changedAt }): CheckpointChanged => {
      const time = Math.max(core.clock.now(), changedAt + 1)
      return { type: 'checkpoint.changed', time, id, changes: { status: after } }
    })
    await core.log.appendFree(records.map(encodeRunRecord))
  }
  await core.feed.refresh()
}

/** It is only a view: the copy aside is for who wants to know what was wrong with it. */
async function rebuildCatalog(core: StoreCore, folder: string): Promise<void> {
  // What does not open tells nobody what was wrong; the image is written anew when the store is closed.
  if (core.seals !== undefined) await core.files.remove(imagePath(core))
  else
    for (const part of ['', '-wal'])
      await copyDurably(core.files, `${core.path}/catalog.sqlite${part}`, `${folder}/catalog.sqlite${part}`)
  await core.feed.query(catalog => catalog.clear())
  await core.feed.refresh()
}

/** A sealed store keeps nothing plain of it, which a rekey would come upon: it holds only names that nobody can read. */
async function setIndexAside(core: StoreCore, folder: string): Promise<void> {
  const path = indexPath(core)
  for (const part of ['-wal', '-shm', '']) {
    if (core.seals !== undefined) await core.files.remove(path + part)
    if (!(await core.files.exists(path + part))) continue
    await core.files.makeDirectory(folder)
    await core.files.rename(path + part, `${folder}/chunks.sqlite${part}`)
  }
}

const changedMeanwhile = (path: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `${path} changed while the repair was at work`,
    means: 'It was left as it is; copies of what was set aside were made, nothing else.',
    remedy: 'Run the repair again, best while no other process uses the store.',
    retryable: true,
    details: { path },
  })

const readOnly = (): WaymarkError =>
  new WaymarkError('unavailable', {
    message: 'the store was opened to be read only',
    means: 'Nothing was changed.',
    remedy: 'Open it without readOnly, or ask only for the plan.',
  })
