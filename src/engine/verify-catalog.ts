import { tmpdir } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import type { Catalog } from '../catalog/catalog.ts'
import { sleep } from '../model/clock.ts'
import { isWaymarkError } from '../model/errors.ts'
import { newProcessId } from '../model/ids.ts'
import type { CheckpointView } from '../model/run-view.ts'
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
}

type Ask = <T>(ask: (catalog: Catalog) => Promise<T>) => Promise<T>

/**
 * Compares a copy of the catalog with one that was built from the log. What the log has lost is told by what the catalog still knows.
 *
 * @param rebuilt the catalog as the log says it is
 */
export async function surveyCatalog(core: StoreCore, log: LogSurvey, rebuilt: Ask): Promise<CatalogSurvey> {
  const path = `${core.path}/catalog.sqlite`
  if (!(await core.files.exists(path))) {
    const isKept = log.segments.size > 0
    return {
      problems: [],
      notices: isKept ? ['there is no catalog file: it is built from the log when the store is next opened for writing'] : [],
    }
  }
  for (let attempt = 1; ; attempt++) {
    const copy = `${tmpdir()}/waymark-verify-${newProcessId(core.random)}.sqlite`
    try {
      await copyCatalog(core, path, copy)
      const catalog = await core.openCatalog(copy)
      try {
        return { problems: await compare(catalog, log, rebuilt), notices: [] }
      } finally {
        await catalog.close()
      }
    } catch (error) {
      if (!isWaymarkError(error, 'corrupt') || error.details['catalog'] !== true) throw error
      if (attempt === tries) {
        return {
          problems: [new FoundProblem('catalog', 'catalog', `the catalog is damaged: ${error.message.replaceAll(copy, path)}`)],
          notices: [],
        }
      }
      await sleep(core.clock, pause)
    } finally {
      for (const part of leftovers) await core.files.remove(copy + part).catch(() => {})
    }
  }
}

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

async function compare(catalog: Catalog, log: LogSurvey, rebuilt: Ask): Promise<readonly FoundProblem[]> {
  const lossy = new Map(log.problems.filter(({ kind }) => kind === 'segment').map(problem => [problem.name, problem]))
  const found: FoundProblem[] = []
  const marks = await catalog.marks()
  let isBehind = log.segments.size > marks.length
  for (const { segment, appliedEnd, provenEnd, digest } of marks) {
    const now = log.segments.get(segment)
    const known = lossy.get(segment)
    if (now === undefined || now.size < provenEnd) {
      const how = now === undefined ? 'is missing' : `ends at byte ${now.size}, but held ${provenEnd}: its end is lost`
      const problem = known ?? new FoundProblem('segment', segment, `segment ${segment} of the log ${how}`)
      if (known === undefined) found.push(problem)
      lossy.set(segment, problem)
    } else if (now.size !== appliedEnd) isBehind = true
    else if (known === undefined && digest !== now.digest) {
      found.push(
        new FoundProblem('catalog', 'catalog', `the catalog was made from another segment ${segment} than the log holds`),
      )
    }
  }
  if (isBehind && lossy.size === 0) return found
  // Of a run that cannot be read the rebuilt catalog has nothing to compare with.
  const isWhole = lossy.size === 0 && log.problems.every(({ runs }) => runs.length === 0)
  const checkpoints = await compareCheckpoints(catalog, rebuilt, lossy, isWhole)
  return [...found, ...checkpoints, ...(isWhole ? await compareRuns(catalog, rebuilt) : [])]
}

async function compareCheckpoints(
  catalog: Catalog,
  rebuilt: Ask,
  lossy: ReadonlyMap<string, FoundProblem>,
  isWhole: boolean,
): Promise<readonly FoundProblem[]> {
  const other = new FoundProblem('catalog', 'catalog', 'the catalog does not agree with the log')
  let isOther = false
  let seen = 0
  const differs = (view: CheckpointView, known: CheckpointView | undefined) => {
    if (known !== undefined && isDeepStrictEqual(known, view)) return
    const cause = lossy.get(view.record.segment)
    if (cause === undefined) isOther = true
    else if (known === undefined) cause.affects(view.id)
  }
  for await (const view of allCheckpoints(ask => ask(catalog))) {
    seen++
    differs(view, await rebuilt(known => known.checkpoint(view.id)))
  }
  const { checkpoints } = await rebuilt(known => known.summary())
  return isWhole && (isOther || seen !== checkpoints) ? [other] : []
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
