import type { BlobReader, BlobStore } from '../blobs/blob-store.ts'
import { ParityBuilder } from '../format/parity.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { isIndexUsable } from './repair-chunk-index.ts'
import { type ByteSourceLike, piecesOf, withFile } from './repair-files.ts'
import type { MarkedCheckpoint } from './repair-journal.ts'
import { misplacedPacks, type PackPlan, planPack } from './repair-pack.ts'
import type { RepairAction, RepairCost } from './repair-report.ts'
import { type FallBack, planFallBacks } from './repair-runs.ts'
import type { StoreCore } from './store-core.ts'
import type { SegmentNote } from './verify-log.ts'
import { paritySuffix } from './verify-parity.ts'
import { VerifyMeter } from './verify-progress.ts'
import type { DamagedCheckpoint, VerifyOptions, VerifyProblem } from './verify-report.ts'
import { type ByteSurvey, type RecordSurvey, surveyBytes, surveyRecords } from './verify-store.ts'

/** A file that is to have other bytes, or none. The path is relative to the store. */
export interface FilePlan {
  readonly path: string
  readonly content: ByteSourceLike | undefined
}

export interface RepairPlan {
  readonly actions: readonly RepairAction[]
  readonly files: readonly FilePlan[]
  readonly marks: readonly (Required<MarkedCheckpoint> & { readonly changedAt: number })[]
  /** Checkpoints that only the catalog still knows. */
  readonly notes: readonly CheckpointView[]
  readonly segments: readonly SegmentNote[]
  readonly fallBacks: readonly FallBack[]
  readonly rebuildsCatalog: boolean
  readonly rebuildsIndex: boolean
  readonly damaged: readonly DamagedCheckpoint[]
  readonly costs: readonly RepairCost[]
  readonly left: readonly VerifyProblem[]
}

/** Reads everything, and finds out what can be done about what is damaged. Changes nothing. */
export async function planRepair(core: StoreCore, options: VerifyOptions): Promise<RepairPlan> {
  const meter = new VerifyMeter(options)
  const records = await surveyRecords(core, meter)
  try {
    const before = await surveyBytes(core, records, { full: true, meter, blobs: core.blobs })
    const packs = await planPacks(core, before)
    const blobs = asRepaired(core.blobs, packs)
    const after =
      packs.length === 0 ? before : await surveyBytes(core, records, { full: false, meter: new VerifyMeter({}), blobs })
    return await planOf(core, records, before, after, packs)
  } finally {
    await records.close()
  }
}

async function planPacks(core: StoreCore, { damagedPacks }: ByteSurvey): Promise<readonly PackPlan[]> {
  const folder = { files: core.files, folder: `${core.path}/packs`, storeId: core.storeId }
  const misplaced = await misplacedPacks(folder, damagedPacks)
  const plans: PackPlan[] = []
  for (const pack of new Set([...damagedPacks, ...misplaced.keys()])) {
    // A copy of a pack that is intact under its own name.
    if (!damagedPacks.has(pack)) continue
    plans.push(await planPack(folder, pack, misplaced))
  }
  return plans
}

async function planOf(
  core: StoreCore,
  records: RecordSurvey,
  before: ByteSurvey,
  after: ByteSurvey,
  packs: readonly PackPlan[],
): Promise<RepairPlan> {
  const actions: RepairAction[] = []
  const files: FilePlan[] = []
  const reparity = new Set(before.brokenParity)
  for (const { pack, does, reason, content } of packs) {
    if (does === 'nothing') continue
    actions.push({ kind: 'pack', name: pack, does, reason })
    files.push({ path: `packs/${pack}.pack`, content })
    const hasParity = await core.files.exists(`${core.path}/packs/${pack}${paritySuffix}`)
    if (does === 'mend' && hasParity) reparity.add(pack)
    if (does === 'set aside') reparity.delete(pack)
  }
  for (const pack of reparity) {
    const content = packs.find(plan => plan.pack === pack)?.content
    const parity = await parityOf(core, pack, content)
    if (parity === undefined) continue
    const isMended = packs.some(plan => plan.pack === pack && plan.does === 'mend')
    actions.push({
      kind: 'parity',
      name: pack,
      does: 'rebuild',
      reason: isMended ? 'its pack is mended' : 'it is damaged, and its pack is not',
    })
    files.push({ path: `packs/${pack}${paritySuffix}`, content: parity })
  }
  for (const path of [...records.damagedClaims, ...records.log.lostClaims]) {
    const relative = path.slice(core.path.length + 1)
    const isLost = !records.damagedClaims.includes(path)
    actions.push({
      kind: 'claim',
      name: relative.slice(relative.lastIndexOf('/') + 1),
      does: 'rewrite',
      reason: isLost
        ? 'it is missing, and its owner recorded something'
        : 'what it says is damaged; left empty, what it says is searched for',
    })
    files.push({ path: relative, content: { size: 0, read: async () => Buffer.alloc(0) } })
  }
  const segments = records.log.damages.filter(({ segment }) =>
    records.problems.some(problem => !problem.isNoted && problem.name === segment),
  )
  for (const { segment, offset } of segments) {
    actions.push({
      kind: 'segment',
      name: segment,
      does: 'note',
      reason: `damaged at byte ${offset}: it stays as it is, for what is intact in it is needed`,
    })
  }
  for (const name of records.missingSegments)
    actions.push({ kind: 'segment', name, does: 'note', reason: 'it is missing, and what it held is lost' })
  const { fallBacks, costs: lostWork } = await planFallBacks(core, records)
  for (const { run, reason } of fallBacks) actions.push({ kind: 'run', name: run, does: 'fall back', reason })
  const lost = records.problems.some(
    ({ kind, name, isNoted }) => kind === 'segment' && !isNoted && !records.log.damages.some(({ segment }) => segment === name),
  )
  const rebuildsCatalog = lost || records.problems.some(({ kind }) => kind === 'catalog')
  if (rebuildsCatalog) {
    const reason = lost ? 'the log has lost what it shows' : 'it is damaged, or not what the log says'
    actions.push({ kind: 'catalog', name: 'catalog', does: 'rebuild', reason })
  }
  const rebuildsIndex = !(await isIndexUsable(core)) || actions.some(({ kind }) => kind === 'pack')
  if (rebuildsIndex) {
    const reason = actions.some(({ kind }) => kind === 'pack')
      ? 'packs change'
      : 'it is missing or damaged; it only helps to find chunks that are there'
    actions.push({ kind: 'chunk-index', name: 'chunks', does: 'rebuild', reason })
  }
  const marks: (Required<MarkedCheckpoint> & { changedAt: number })[] = []
  for (const { id, because, marked } of after.damaged) {
    const view = after.views.get(id)
    if (marked || view === undefined) continue
    marks.push({ id, before: view.status ?? 'active', after: 'damaged', changedAt: view.changedAt ?? 0 })
    actions.push({ kind: 'checkpoint', name: id, does: 'mark', reason: because })
  }
  for (const { id, changedAt = 0 } of before.recovered) {
    marks.push({ id, before: 'damaged', after: records.marked.get(id) ?? 'active', changedAt })
    actions.push({ kind: 'checkpoint', name: id, does: 'unmark', reason: 'it loads again' })
  }
  return {
    actions,
    files,
    marks,
    notes: records.lost,
    segments: [
      ...segments,
      ...records.missingSegments.map(segment => ({ segment, offset: 0, lastOffset: 0, isMissing: true }) as const),
    ],
    fallBacks,
    rebuildsCatalog,
    rebuildsIndex,
    damaged: after.damaged,
    costs: [...(await costsOf(records, after)), ...lostWork],
    left: leftOver(records, after),
  }
}

/** What is said of damage that stays. */
function leftOver(records: RecordSurvey, after: ByteSurvey): readonly VerifyProblem[] {
  const problems = [...records.problems.filter(({ kind }) => kind === 'segment' || kind === 'descriptor'), ...after.problems]
  return problems.filter(({ kind }) => kind !== 'parity').map(problem => problem.toProblem())
}

/** Which stages have to be called again. */
async function costsOf(records: RecordSurvey, { damaged, views }: ByteSurvey): Promise<readonly RepairCost[]> {
  const costs = new Map<string, RepairCost>()
  for (const { id } of damaged) {
    const { run, stage, type } = views.get(id) ?? {}
    if (run === undefined || stage === undefined || costs.has(`${run} ${stage}`)) continue
    const [recorded] = await records.query(catalog => catalog.stages(run, [stage]))
    if (recorded === undefined || (recorded.checkpointId !== id && type !== 'items')) continue
    const state = (await records.query(catalog => catalog.run(run)))?.state
    const items = recorded.kind === 'each' ? { items: (recorded.counts?.done ?? 0) + (recorded.counts?.skipped ?? 0) } : {}
    costs.set(`${run} ${stage}`, { run, stage, ...(state === undefined ? {} : { runState: state }), ...items })
  }
  return [...costs.values()]
}

async function parityOf(core: StoreCore, pack: string, content: ByteSourceLike | undefined): Promise<ByteSourceLike | undefined> {
  const build = async (source: ByteSourceLike): Promise<ByteSourceLike> => {
    const builder = new ParityBuilder(pack, core.storeId, source.size)
    for await (const piece of piecesOf(source)) builder.add(piece)
    const bytes = Buffer.concat(builder.finish())
    return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) }
  }
  return content === undefined ? withFile(core.files, `${core.path}/packs/${pack}.pack`, build) : build(content)
}

/** The packs as they are when the repair is done. */
function asRepaired(blobs: BlobStore, plans: readonly PackPlan[]): BlobStore {
  const byName = new Map(plans.map(plan => [plan.pack, plan]))
  return {
    create: name => blobs.create(name),
    flush: () => blobs.flush(),
    remove: name => blobs.remove(name),
    async open(name): Promise<BlobReader> {
      const plan = byName.get(name)
      if (plan === undefined) return blobs.open(name)
      const { content } = plan
      if (content === undefined) throw gone(name)
      return { size: content.size, read: (offset, length) => content.read(offset, length), close: async () => {} }
    },
    async size(name) {
      const plan = byName.get(name)
      return plan === undefined ? blobs.size(name) : plan.content?.size
    },
    async list() {
      const names = new Set(await blobs.list())
      for (const { pack, content } of plans) {
        if (content === undefined) names.delete(pack)
        else names.add(pack)
      }
      return [...names].sort()
    },
  }
}

const gone = (pack: string): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `pack ${pack} cannot be read: it is missing`,
    means: 'The checkpoints in it cannot be loaded; others are not affected.',
    remedy: 'Put it back from a backup, or load an older checkpoint of the same stage.',
    details: { pack },
  })
