import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { openSqliteCatalog } from '../catalog/sqlite-catalog.ts'
import type { Pipeline } from '../engine/pipeline.ts'
import { identifyProcess } from '../engine/process-identity.ts'
import type { FileSystem } from '../files/file-system.ts'
import { nodeFiles } from '../files/node-files.ts'
import { encodeValue } from '../format/encode-value.ts'
import { systemClock, systemRandom } from '../model/clock.ts'
import { isWaymarkError } from '../model/errors.ts'
import { open } from '../open.ts'
import { crashState } from './crash-states.ts'
import { overlayFiles } from './overlay-files.ts'
import { seededRandom } from './seeded-random.ts'
import { SimulatedDisk } from './simulated-disk.ts'

export interface RerunOptions {
  /** Stages whose results may differ from one attempt to the next: they ask the world. */
  readonly ignore?: readonly string[]
  /** At most so many attempts, spread over all points at which a run can be killed. Default 100. */
  readonly most?: number
  /** Draws the points where there are more. Default 1. */
  readonly seed?: number
}

export interface RerunReport {
  /** Attempts that were killed and gone on with. */
  readonly attempts: number
  /** What came out differently, if anything: in words. */
  readonly differences: readonly string[]
}

/**
 * Runs a pipeline once, and then again from what was recorded at every point at which that run could have been killed: each time the same must come out. It flushes out what depends on the order of
 * calls, on the time, on chance or on memory that is gone after a restart: none of that shows while nothing fails.
 *
 * The store and what is written through outputs live on a simulated disk; inputs are read from the real one. What the pipeline's own functions do elsewhere, they do, once for each attempt that calls
 * them.
 *
 * @example
 * const { differences } = await rerunFromEveryCheckpoint(orders, { day: '2026-11-20' })
 * assert.deepEqual(differences, [])
 * @throws WaymarkError what the pipeline itself fails with when nothing is killed
 */
export async function rerunFromEveryCheckpoint<Params>(
  pipeline: Pipeline<Params, unknown>,
  params: Params,
  { ignore = [], most = 100, seed = 1 }: RerunOptions = {},
): Promise<RerunReport> {
  const disk = new SimulatedDisk()
  const expected = await attempt(disk, pipeline, params)
  const random = seededRandom(seed)
  const points = killPoints(disk)
  while (points.length > most) points.splice(random.integer(points.length), 1)
  const differences = new Set<string>()
  for (const point of points) {
    const killed = crashState(disk, point, 'everything', random)
    const found = await attempt(killed, pipeline, params).catch((error: unknown) => {
      if (!isWaymarkError(error)) throw error
      differences.add(`killed after operation ${point}, the next attempt failed: ${error.message}`)
    })
    if (found !== undefined) for (const difference of compare(expected, found, ignore)) differences.add(difference)
  }
  return { attempts: points.length, differences: [...differences] }
}

const startMs = Date.UTC(2026, 0, 1)

/** After each commit: the syncs of the log. Between two of them nothing is recorded. */
function killPoints(disk: SimulatedDisk): number[] {
  return disk.operations
    .filter(({ kind, path }) => kind === 'sync' && path.endsWith('.seg'))
    .map(({ number }) => number)
    .slice(0, -1)
}

/** Digests of what came out, by what it is called. */
type Outcome = ReadonlyMap<string, string>

async function attempt<Params>(disk: SimulatedDisk, pipeline: Pipeline<Params, unknown>, params: Params): Promise<Outcome> {
  const files = overlayFiles(disk.process('attempt'), nodeFiles)
  const store = await open({
    path: '/waymark-rerun/.waymark',
    components: {
      files,
      // What is drawn from the run is the same in every attempt, also where a kill came before that was recorded.
      clock: { ...systemClock, now: () => startMs },
      random: { ...systemRandom, named: name => seededRandom(createHash('sha256').update(name).digest().readUInt32LE(0)) },
      // The one that was killed is provably dead: nobody has its start time.
      identify: name => ({ ...identifyProcess(name), processStart: `rerun ${name}` }),
      openCatalog: () => openSqliteCatalog(':memory:'),
    },
  })
  try {
    const [unfinished] = await store.runs({ limit: 1 })
    const { run, value } = await pipeline.run(params, {
      store,
      ...(unfinished === undefined ? {} : { runId: unfinished.id }),
    })
    const outcome = new Map<string, string>([['the result', digestOf(value)]])
    for (const { stage, type, digest } of await store.list({ where: { run }, limit: 10_000 })) {
      if (stage !== undefined && type !== 'items') outcome.set(stage, digest)
    }
    // In order of completion, which may differ: the same lines, each as often.
    for (const { output } of await store.stages(run)) {
      if (output !== undefined && output.kind === undefined)
        outcome.set(`the output ${output.path}`, await linesDigest(files, resolve(output.path)))
    }
    return outcome
  } finally {
    await store.close()
  }
}

async function linesDigest(files: FileSystem, path: string): Promise<string> {
  if ((await files.stat(path))?.kind !== 'file') return 'no file'
  const file = await files.open(path, 'read')
  try {
    const text = Buffer.from(await file.read(0, (await file.stat()).size)).toString('latin1')
    return createHash('sha256').update(text.split('\n').sort().join('\n')).digest('hex')
  } finally {
    await file.close()
  }
}

const digestOf = (value: unknown): string =>
  value === undefined ? 'none' : createHash('sha256').update(encodeValue(value)).digest('hex')

function compare(expected: Outcome, found: Outcome, ignore: readonly string[]): string[] {
  const differences: string[] = []
  for (const name of new Set([...expected.keys(), ...found.keys()])) {
    if (ignore.some(stage => name === stage || name.startsWith(`${stage}[`) || name.startsWith(`${stage}/`))) continue
    const [before, now] = [expected.get(name), found.get(name)]
    if (before === now) continue
    differences.push(
      before === undefined
        ? `${name} came about only after a restart`
        : now === undefined
          ? `${name} was missing after a restart`
          : `${name} was another after a restart`,
    )
  }
  return differences
}
