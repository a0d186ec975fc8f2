import type { BlobStore } from '../blobs/blob-store.ts'
import type { Catalog, CatalogChange } from '../catalog/catalog.ts'
import { fileFault } from '../files/file-faults.ts'
import { readOnlyFiles } from '../files/read-only-files.ts'
import { packIdOf } from '../format/pack-header.ts'
import type { SettableStatus } from '../model/checkpoint-changes.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { CatalogFeed } from './catalog-feed.ts'
import { chunksContentAt } from './record-content.ts'
import { listJournals } from './repair-journal.ts'
import type { StoreCore } from './store-core.ts'
import { openDescriptor } from './store-descriptor.ts'
import { type CatalogSurvey, surveyCatalog } from './verify-catalog.ts'
import { CheckpointCheck } from './verify-checkpoints.ts'
import { surveyClaims } from './verify-claims.ts'
import { LastGood } from './verify-last-good.ts'
import { isDamage, type LogSurvey, problemsOfNotices, surveyLog } from './verify-log.ts'
import { isPackFault, PackSurvey } from './verify-packs.ts'
import { surveyParity } from './verify-parity.ts'
import { VerifyMeter } from './verify-progress.ts'
import { type DamagedCheckpoint, FoundProblem, type VerifyOptions, type VerifyReport } from './verify-report.ts'
import { allCheckpoints } from './verify-views.ts'

/** What a look at the records found: the log and what is made from it. */
export interface RecordSurvey {
  readonly log: LogSurvey
  readonly problems: readonly FoundProblem[]
  readonly notices: readonly string[]
  readonly damagedClaims: readonly string[]
  /** Segments that claims name, and that are not there. */
  readonly missingSegments: readonly string[]
  /** Checkpoints that the log has lost, and the work of runs that it has lost. */
  readonly lost: CatalogSurvey['lost']
  readonly lostWork: CatalogSurvey['lostWork']
  /** What repairs marked, with the status of before. */
  readonly marked: ReadonlyMap<string, SettableStatus>
  /** The catalog as the log says it is, with what only the old one still knew. */
  readonly query: <T>(ask: (catalog: Catalog) => Promise<T>) => Promise<T>
  close(): Promise<void>
}

/** What a look at the bytes of checkpoints found. */
export interface ByteSurvey {
  readonly checkpoints: number
  readonly packs: number
  readonly problems: readonly FoundProblem[]
  readonly damaged: readonly DamagedCheckpoint[]
  readonly views: ReadonlyMap<string, CheckpointView>
  readonly damagedPacks: ReadonlySet<string>
  readonly brokenParity: readonly string[]
  /** Checkpoints that a repair marked as damaged and that load again. */
  readonly recovered: readonly CheckpointView[]
  readonly orphans: VerifyReport['orphans']
}

/**
 * Proves a store, changing nothing in it. Holds a catalog built from the log, the tables of some packs and a frame.
 *
 * @throws WaymarkError `cancelled`, `unavailable` if something cannot be read, `unsupported` if a newer version wrote it; damage is in the report
 */
export async function verifyStore(core: StoreCore, options: VerifyOptions = {}): Promise<VerifyReport> {
  try {
    return await verify(core, options)
  } catch (error) {
    throw fileFault(error, 'verify the store', 'Nothing was changed.')
  }
}

async function verify(core: StoreCore, options: VerifyOptions): Promise<VerifyReport> {
  const meter = new VerifyMeter(options)
  const full = options.full ?? false
  const records = await surveyRecords(core, meter)
  try {
    const bytes = await surveyBytes(core, records, { full, meter, blobs: core.blobs })
    const all = [...records.problems, ...bytes.problems]
    const problems = all.filter(problem => !problem.isNoted).map(problem => problem.toProblem())
    return {
      ok: problems.length === 0,
      full,
      checkpoints: bytes.checkpoints,
      packs: bytes.packs,
      segments: records.log.segments.size,
      bytes: meter.read,
      problems,
      noted: all.filter(problem => problem.isNoted).map(problem => problem.toProblem()),
      damaged: bytes.damaged,
      recovered: bytes.recovered.map(({ id }) => id),
      orphans: bytes.orphans,
      notices: records.notices,
    }
  } finally {
    await records.close()
  }
}

export async function surveyRecords(core: StoreCore, meter: VerifyMeter): Promise<RecordSurvey> {
  for (const segment of await core.log.segments()) meter.expect(await core.log.size(segment))
  for (const pack of await core.blobs.list()) meter.expect((await core.blobs.size(pack)) ?? 0)
  const descriptor = await descriptorProblems(core)
  const journals = (await listJournals(core.files, core.path)).filter(({ state }) => state !== 'undone')
  const noted = journals.flatMap(({ segments }) => segments)
  const log = await surveyLog(core, meter, noted)
  const claims = await surveyClaims(core, meter, log.segments, noted)
  const known = [...descriptor, ...log.problems, ...claims.problems]
  // That of a sealed store may have begun with what was kept of the one before.
  let feed = core.readOnly && core.seals === undefined ? core.feed : await rebuiltFeed(core)
  const query: RecordSurvey['query'] = ask => feed.query(ask)
  const close = async () => {
    if (feed !== core.feed) await feed.close()
  }
  try {
    await feed.refresh()
    const streams = problemsOfNotices(feed.notices(), known)
    const withStreams: LogSurvey = { ...log, segments: log.segments, problems: [...known, ...streams] }
    const catalog = await surveyCatalog(core, withStreams, query)
    if (catalog.lost.length > 0) {
      // What this store shows stays as it is.
      if (feed === core.feed) feed = await rebuiltFeed(core)
      await feed.refresh()
      await feed.query(now => now.apply(catalog.lost.map(lostChange), { marks: new Map(), heads: new Map() }))
    }
    return {
      log,
      lost: catalog.lost,
      lostWork: catalog.lostWork,
      marked: new Map(journals.flatMap(({ statuses }) => statuses.map(({ id, before }) => [id, before] as const))),
      problems: [...known, ...streams, ...catalog.problems],
      notices: catalog.notices,
      damagedClaims: claims.damaged,
      missingSegments: claims.missing,
      query,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

export interface ByteSurveyOptions {
  readonly full: boolean
  readonly meter: VerifyMeter
  /** Where packs are read: those of the store, or as a repair would make them. */
  readonly blobs: BlobStore
}

export async function surveyBytes(core: StoreCore, records: RecordSurvey, options: ByteSurveyOptions): Promise<ByteSurvey> {
  const { full, meter, blobs } = options
  const packs = new PackSurvey({
    blobs,
    storeId: core.storeId,
    full,
    meter,
    workbenches: core.workbenches,
    recordPack: async position => {
      const { pack } = await chunksContentAt(core.log, position)
      return { pack: (pack && packIdOf(pack)) ?? '', bytes: pack ?? Buffer.alloc(0) }
    },
  })
  try {
    const names = await blobs.list()
    const sizes = new Map<string, number>()
    const old = new Set<string>()
    for (const name of names) {
      const size = (await blobs.size(name)) ?? 0
      sizes.set(name, size)
      if (await isOldPack(blobs, name)) old.add(name)
      else await packs.survey(name)
      meter.finish(size)
    }
    const check = new CheckpointCheck({ core, blobs, packs, full, meter, logProblems: records.problems })
    const damaged: DamagedCheckpoint[] = []
    const views = new Map<string, CheckpointView>()
    const recovered: CheckpointView[] = []
    const lastGood = new LastGood(records.query)
    let checkpoints = 0
    for await (const view of allCheckpoints(records.query)) {
      checkpoints++
      const faults = await check.faultsOf(view)
      lastGood.saw(view, faults.length > 0)
      const [first] = faults
      if (first === undefined) {
        if (full && view.status === 'damaged' && (records.marked.get(view.id) ?? 'damaged') !== 'damaged') recovered.push(view)
        continue
      }
      for (const fault of faults) fault.affects(view.id)
      views.set(view.id, view)
      damaged.push(damagedOf(view, first.message))
    }
    const problems = [...packs.problems, ...check.problems]
    for (const problem of problems) problem.isNoted = isKnown(problem, packs, views)
    const parity = await surveyParity(core, meter, full)
    const orphans = names.filter(name => !check.needed.has(name))
    return {
      checkpoints,
      packs: names.length,
      problems: [...problems, ...parity.problems],
      damaged: await lastGood.fill(damaged),
      views,
      damagedPacks: new Set([...packs.damaged, ...check.problems.filter(({ kind }) => kind === 'pack').map(({ name }) => name)]),
      brokenParity: parity.broken,
      recovered,
      orphans: { packs: orphans.length, bytes: orphans.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0) },
    }
  } finally {
    await packs.shelf.clear()
  }
}

/** Known is what a repair could do no more about: all that it means is said of the checkpoints. */
function isKnown(problem: FoundProblem, packs: PackSurvey, views: ReadonlyMap<string, CheckpointView>): boolean {
  const affected = problem.checkpoints
  if (affected.length === 0 || affected.some(id => views.get(id)?.status !== 'damaged')) return false
  return problem.kind !== 'pack' || !packs.damaged.has(problem.name) || problem.message.includes('it is missing')
}

const lostChange = (view: CheckpointView): CatalogChange => ({ kind: 'checkpoint', checkpoint: { ...view, noted: true } })

async function rebuiltFeed(core: StoreCore): Promise<CatalogFeed> {
  return new CatalogFeed(core.log, await core.openCatalog(':memory:'), core.clock, async (_catalog, error) => {
    throw error
  })
}

async function descriptorProblems(core: StoreCore): Promise<readonly FoundProblem[]> {
  try {
    const { store } = await openDescriptor(readOnlyFiles(core.files, core.path), core.path, false, core)
    if (store === core.storeId) return []
    return [new FoundProblem('descriptor', 'waymark', 'the descriptor waymark.json is another store’s')]
  } catch (error) {
    if (!(error instanceof Error) || !isDamage(error)) throw error
    return [new FoundProblem('descriptor', 'waymark', error.message)]
  }
}

const oldMajor = 1

/** A pack of format 1, which is read frame by frame for the one checkpoint it belongs to. */
async function isOldPack(blobs: BlobStore, name: string): Promise<boolean> {
  const blob = await blobs.open(name).catch((error: unknown) => {
    // The survey of the pack says what is wrong with it.
    if (!isPackFault(error)) throw error
  })
  if (blob === undefined) return false
  try {
    const head = Buffer.from(await blob.read(0, Math.min(10, blob.size)))
    return head.length === 10 && head.toString('latin1', 0, 8) === 'waymkpak' && head.readUInt16LE(8) === oldMajor
  } finally {
    await blob.close()
  }
}

function damagedOf({ id, type, run, stage, createdAt, status }: CheckpointView, because: string): DamagedCheckpoint {
  return {
    id,
    type,
    ...(run === undefined ? {} : { run }),
    ...(stage === undefined ? {} : { stage }),
    createdAt,
    because,
    marked: status === 'damaged',
  }
}
