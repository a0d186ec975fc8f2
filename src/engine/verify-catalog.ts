import { tmpdir } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import type { Catalog } from '../catalog/catalog.ts'
import { readImage } from '../catalog/image-file.ts'
import { fileErrorCode } from '../files/file-system.ts'
import { sleep } from '../model/clock.ts'
import { isWaymarkError } from '../model/errors.ts'
import { newProcessId } from '../model/ids.ts'
import type { CheckpointView } from '../model/run-view.ts'
import type { RepairCost } from './repair-report.ts'
import type { StoreCore } from './store-core.ts'
import type { LogSurvey } from './verify-log.ts'
import { FoundProblem } from './verify-report.ts'
import { allCheckpoints } from './verify-views.ts'

const parts = ['', '-wal'] as const
/** What SQLite makes beside a database, and Waymark to lock it. */
const leftovers = ['', '-wal', '-shm', '-lock', '-journal'] as const
const copyBytes = 1 << 20
/** A copy of a catalog that others write may be of two states. */
const tries = 3
const pause = 50

export interface CatalogSurvey {
  readonly problems: readonly FoundProblem[]
  readonly notices: readonly string[]
  /** Checkpoints that the catalog still knows and the log has lost, newest first. */
  readonly lost: readonly CheckpointView[]
  /** Stages, as the catalog knows them, of runs that the log has lost. */
  readonly lostWork: readonly RepairCost[]
}

/** Of a sealed store: what its catalog held when it was closed last. */
export const imagePath = ({ path }: StoreCore): string => `${path}/catalog.sealed`

const nothingLost = { lost: [], lostWork: [] } as const

type Ask = <T>(ask: (catalog: Catalog) => Promise<T>) => Promise<T>

/**
 * Compares a copy of the catalog with one that was built from the log. What the log has lost is told by what the catalog still knows.
 *
 * @param rebuilt the catalog as the log says it is
 */
export async function surveyCatalog(core: StoreCore, log: LogSurvey, rebuilt: Ask): Promise<CatalogSurvey> {
  if (core.seals !== undefined) return surveyImage(core, log, rebuilt)
  const path = `${core.path}/catalog.sqlite`
  if (!(await core.files.exists(path))) return noCatalog(log)
  for (let attempt = 1; ; attempt++) {
    const copy = `${tmpdir()}/waymark-verify-${newProcessId(core.random)}.sqlite`
    try {
      await copyCatalog(core, path, copy)
      const catalog = await core.openCatalog(copy)
      try {
        return { ...(await compare(catalog, log, rebuilt, 'file')), notices: [] }
      } finally {
        await catalog.close()
      }
    } catch (error) {
      if (!isWaymarkError(error, 'corrupt') || error.details['catalog'] !== true) throw error
      if (attempt === tries) return damagedCatalog(error.message.replaceAll(copy, path))
      await sleep(core.clock, pause)
    } finally {
      for (const part of leftovers) await core.files.remove(copy + part).catch(() => {})
    }
  }
}

/** The same for the image of a sealed store, which is replaced as a whole. */
async function surveyImage(core: StoreCore, log: LogSurvey, rebuilt: Ask): Promise<CatalogSurvey> {
  const path = imagePath(core)
  try {
    const catalog = await core.openCatalog(':memory:', await readImage(core.files, path))
    try {
      return { ...(await compare(catalog, log, rebuilt, 'image')), notices: [] }
    } finally {
      await catalog.close()
    }
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return noCatalog(log)
    if (!isWaymarkError(error, 'corrupt')) throw error
    return damagedCatalog(error.message.replaceAll(':memory:', path))
  }
}

const noCatalog = ({ segments }: LogSurvey): CatalogSurvey => {
  const notice = 'there is no catalog file: it is built from the log when the store is next opened for writing'
  return { ...nothingLost, problems: [], notices: segments.size > 0 ? [notice] : [] }
}

const damagedCatalog = (why: string): CatalogSurvey => ({
  ...nothingLost,
  problems: [new FoundProblem('catalog', 'catalog', `the catalog is damaged: ${why}`)],
  notices: [],
})

/** Closing a SQLite file in this process would drop the locks it holds on it elsewhere, so it is read as bytes, through the port. */
async function copyCatalog({ files }: StoreCore, from: string, to: string): Promise<void> {
  for (const part of parts) {
    if (!(await files.exists(from + part))) continue
    const source = await files.open(from + part, 'read')
    try {
      const target = await files.open(to + part, 'create')
      try {
        for (let at = 0; ; ) {
          const bytes = await source.read(at, copyBytes)
          if (bytes.length === 0) break
          await target.write(bytes, at)
          at += bytes.length
        }
      } finally {
        await target.close()
      }
    } finally {
      await source.close()
    }
  }
}

async function compare(
  catalog: Catalog,
  log: LogSurvey,
  rebuilt: Ask,
  from: 'file' | 'image',
): Promise<Omit<CatalogSurvey, 'notices'>> {
  const lossy = new Set(log.problems.filter(({ kind }) => kind === 'segment').map(({ name }) => name))
  const found: FoundProblem[] = []
  const marks = await catalog.marks()
  let isBehind = log.segments.size > marks.length
  for (const { segment, appliedEnd, provenEnd, digest } of marks) {
    const now = log.segments.get(segment)
    const isKnown = lossy.has(segment)
    if (now === undefined || now.size < provenEnd) {
      const how = now === undefined ? 'is missing' : `ends at byte ${now.size}, but held ${provenEnd}: its end is lost`
      if (!isKnown) found.push(new FoundProblem('segment', segment, `segment ${segment} of the log ${how}`))
      lossy.add(segment)
    } else if (now.size !== appliedEnd) isBehind = true
    // Another data key makes other digests of the same records, and nobody without it another segment of the same name.
    else if (from === 'file' && !isKnown && digest !== now.digest) {
      found.push(
        new FoundProblem('catalog', 'catalog', `the catalog was made from another segment ${segment} than the log holds`),
      )
    }
  }
  if (isBehind && lossy.size === 0) return { ...nothingLost, problems: found }
  const broken = new Set(log.problems.flatMap(({ runs }) => runs))
  // Of a run that cannot be read the rebuilt catalog has nothing to compare with.
  const isWhole = lossy.size === 0 && broken.size === 0
  const { problems, lost } = await compareCheckpoints(catalog, rebuilt, { segments: lossy, runs: broken }, isWhole)
  const gone = new Set(broken)
  for (const { run } of lost) if (run !== undefined && (await rebuilt(known => known.run(run))) === undefined) gone.add(run)
  return {
    problems: [...found, ...problems, ...(isWhole ? await compareRuns(catalog, rebuilt) : [])],
    lost,
    lostWork: lossy.size === 0 ? [] : await workOf(catalog, gone),
  }
}

async function compareCheckpoints(
  catalog: Catalog,
  rebuilt: Ask,
  lossy: { readonly segments: ReadonlySet<string>; readonly runs: ReadonlySet<string> },
  isWhole: boolean,
): Promise<Pick<CatalogSurvey, 'problems' | 'lost'>> {
  const other = new FoundProblem('catalog', 'catalog', 'the catalog does not agree with the log')
  const lost: CheckpointView[] = []
  let isOther = false
  let seen = 0
  for await (const view of allCheckpoints(ask => ask(catalog))) {
    seen++
    const known = await rebuilt(now => now.checkpoint(view.id))
    if (known !== undefined && isDeepStrictEqual(known, view)) continue
    const isExplained = lossy.segments.has(view.record.segment) || (view.run !== undefined && lossy.runs.has(view.run))
    if (!isExplained) isOther = true
    else if (known === undefined) lost.push(view)
  }
  const { checkpoints } = await rebuilt(known => known.summary())
  return { problems: isWhole && (isOther || seen !== checkpoints) ? [other] : [], lost }
}

/** What a run did that has to be done again because the log cannot tell of the run any more. */
async function workOf(catalog: Catalog, runs: ReadonlySet<string>): Promise<readonly RepairCost[]> {
  const costs: RepairCost[] = []
  for (const id of runs) {
    const before = await catalog.run(id)
    if (before === undefined) continue
    for (const { path, kind, counts } of await catalog.stages(id)) {
      const items = kind === 'each' ? { items: (counts?.done ?? 0) + (counts?.skipped ?? 0) } : {}
      costs.push({ run: id, stage: path, runState: before.state, ...items, lostRun: true })
    }
  }
  return costs
}

async function compareRuns(catalog: Catalog, rebuilt: Ask): Promise<readonly FoundProblem[]> {
  const limit = 500
  for (let after: { createdAt: number; id: string } | undefined; ; ) {
    const query = { limit, ...(after === undefined ? {} : { after }) }
    const runs = await catalog.runs(query)
    if (!isDeepStrictEqual(runs, await rebuilt(known => known.runs(query)))) {
      return [new FoundProblem('catalog', 'catalog', 'the catalog does not agree with the log: it has other runs')]
    }
    const last = runs.at(-1)
    if (last === undefined || runs.length < limit) return []
    after = { createdAt: last.createdAt, id: last.id }
  }
}
