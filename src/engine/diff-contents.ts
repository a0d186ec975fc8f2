import { compareValues } from '../diff/compare-values.ts'
import { diffRows } from '../diff/diff-rows.ts'
import { maskedDifferences } from '../diff/masked-differences.ts'
import { unusedIgnores } from '../diff/unused-ignores.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { SecretMask } from '../model/secret-mask.ts'
import { kindOf } from '../model/value-kind.ts'
import { TableStream } from '../tables/table-stream.ts'
import { type FileDigest, fileDigests } from './diff-file-digests.ts'
import type { StoreDiffOptions } from './diff-options.ts'
import type { BytesDiff, ContentDiff, FilesDiff, RowsDiff, ValueDiff } from './diff-report.ts'
import { areSameTables, arrowRows, diffTables, isTable } from './diff-tables.ts'
import { plainRowsOf } from './load-table-stream.ts'
import { readTwoCheckpoints } from './read-two-checkpoints.ts'
import type { StoreCore } from './store-core.ts'
import { streamBytes, streamRows } from './stream-checkpoint.ts'

/** Differences listed by default. More are counted. */
const defaultLimit = 1_000
/** An array of so many objects is compared as a table. */
const leastTableRows = 20

/** Throws what to tell of a checkpoint that cannot be read: the same error, or one that names it and what to load instead. */
export type Explain = (error: unknown, view: CheckpointView) => Promise<never>

/** What two checkpoints hold, compared as what they are. */
export async function diffContents(
  core: StoreCore,
  a: CheckpointView,
  b: CheckpointView,
  explain: Explain,
  options: StoreDiffOptions,
): Promise<ContentDiff> {
  if (a.digest === b.digest && a.encoding === b.encoding) return { form: 'same' }
  if (areSameTables(a, b)) return { form: 'same', by: 'table' }
  const kinds = [a.encoding, b.encoding]
  if (kinds.every(kind => kind === 'rows')) {
    return rowsDiff(explained(streamRows(core, a), a, explain), explained(streamRows(core, b), b, explain), options)
  }
  if (kinds.every(kind => kind === 'bytes')) {
    const [left, right] = [explained(streamBytes(core, a), a, explain), explained(streamBytes(core, b), b, explain)]
    return { form: 'bytes', bytesBefore: a.logicalBytes, bytesAfter: b.logicalBytes, ...(await firstDifference(left, right)) }
  }
  if (kinds.every(kind => kind === 'files')) {
    const [before, after] = [
      await fileDigests(core, a).catch(error => explain(error, a)),
      await fileDigests(core, b).catch(error => explain(error, b)),
    ]
    return filesDiff(before, after)
  }
  if (kinds.some(kind => kind === 'bytes' || kind === 'files')) return { form: 'kinds', before: a.encoding, after: b.encoding }
  const [before, after] = await readTwoCheckpoints(core, a, b, explain)
  const tables = diffTables(a, b, options.showSecrets === true ? undefined : new SecretMask(options.mask))
  const [left, right] = [explainedTable(before, a, explain), explainedTable(after, b, explain)]
  const found = await diffLoaded(core, left, right, options, isTable(a) && isTable(b))
  return tables.length === 0 ? found : { ...found, tables }
}

/**
 * Two values in memory: by their rows where both are tables, else by their structure.
 *
 * @param areTables they were saved as tables, however few their rows
 */
export async function diffLoaded(
  core: StoreCore,
  before: unknown,
  after: unknown,
  options: StoreDiffOptions,
  areTables = false,
): Promise<ValueDiff | RowsDiff> {
  const least = areTables ? 0 : leastTableRows
  const [rowsBefore, rowsAfter] = [rowsOf(before, least), rowsOf(after, least)]
  if (rowsBefore === undefined || rowsAfter === undefined) return valueDiff(core, before, after, options)
  return rowsDiff(rowsBefore, rowsAfter, options)
}

async function* explained<Piece>(
  pieces: AsyncIterable<Piece>,
  view: CheckpointView,
  explain: Explain,
): AsyncIterableIterator<Piece> {
  try {
    yield* pieces
  } catch (error) {
    await explain(error, view)
  }
}

/** Of a table whose rows come one by one damage is found when it is reached. */
const explainedTable = (value: unknown, view: CheckpointView, explain: Explain): unknown =>
  value instanceof TableStream ? new TableStream(explained<object>(value, view, explain)) : value

function valueDiff(core: StoreCore, before: unknown, after: unknown, options: StoreDiffOptions): ValueDiff {
  const { arrayKey, ignore, limit = defaultLimit, mask, showSecrets } = options
  const found = compareValues(before, after, {
    limit,
    contentOf: instance => encoded(core, instance),
    ...(arrayKey === undefined ? {} : { arrayKey }),
    ...(ignore === undefined ? {} : { ignore }),
  })
  const differences = showSecrets === true ? found.differences : maskedDifferences(new SecretMask(mask), found.differences)
  const ignoreUnused = unusedIgnores(ignore ?? [], [before], [after])
  return { form: 'value', ...found, differences, ...(ignoreUnused.length === 0 ? {} : { ignoreUnused }) }
}

async function rowsDiff(
  a: Iterable<unknown> | AsyncIterable<unknown>,
  b: Iterable<unknown> | AsyncIterable<unknown>,
  options: StoreDiffOptions,
): Promise<RowsDiff> {
  const { arrayKey, ignore, samples, mask, showSecrets } = options
  const found = await diffRows(a, b, {
    key: arrayKey,
    ...(ignore === undefined ? {} : { ignore }),
    ...(samples === undefined ? {} : { samples }),
  })
  if (showSecrets === true) return { form: 'rows', ...found }
  const secrets = new SecretMask(mask)
  return {
    form: 'rows',
    ...found,
    samples: {
      added: found.samples.added.map(row => secrets.value(row, [])),
      removed: found.samples.removed.map(row => secrets.value(row, [])),
      changed: found.samples.changed.map(({ key, differences }) => ({
        key,
        differences: maskedDifferences(secrets, differences),
      })),
    },
  }
}

/** The stored content of an instance of a registered class (what it has besides, nobody sees), the rows of an Arrow table. */
function encoded(core: StoreCore, instance: object): { readonly content: unknown } | undefined {
  const rows = arrowRows(instance)
  if (rows !== undefined) return { content: [...rows] }
  const prototype: unknown = Object.getPrototypeOf(instance)
  const codec = prototype === Object.prototype ? undefined : core.codecs.find(one => one.prototype === prototype)
  return codec === undefined ? undefined : { content: codec.encode(instance) }
}

/** The rows of a table; undefined for what is none. */
function rowsOf(value: unknown, leastRows: number): Iterable<unknown> | AsyncIterable<unknown> | undefined {
  if (value instanceof TableStream) return plainRowsOf(value)
  const hasRows = Array.isArray(value) && value.length >= leastRows && value.every(row => kindOf(row) === 'object')
  return hasRows ? value : arrowRows(value)
}

async function firstDifference(
  left: AsyncIterableIterator<Uint8Array>,
  right: AsyncIterableIterator<Uint8Array>,
): Promise<Pick<BytesDiff, 'firstDifference'>> {
  const nothing = new Uint8Array()
  let place = 0
  let [before, after] = [nothing, nothing]
  for (;;) {
    if (before.length === 0) before = (await left.next()).value ?? nothing
    if (after.length === 0) after = (await right.next()).value ?? nothing
    const length = Math.min(before.length, after.length)
    if (length === 0) break
    if (Buffer.compare(before.subarray(0, length), after.subarray(0, length)) !== 0) {
      let at = 0
      while (before[at] === after[at]) at++
      place += at
      break
    }
    place += length
    before = before.subarray(length)
    after = after.subarray(length)
  }
  await Promise.all([left.return?.(), right.return?.()])
  return { firstDifference: place }
}

/** Files by name and content. */
function filesDiff(digestsBefore: ReadonlyMap<string, FileDigest>, digestsAfter: ReadonlyMap<string, FileDigest>): FilesDiff {
  const changed: FilesDiff['changed'][number][] = []
  let equal = 0
  for (const [name, after] of digestsAfter) {
    const before = digestsBefore.get(name)
    if (before === undefined) continue
    if (before.digest === after.digest) equal++
    else changed.push({ name, bytesBefore: before.bytes, bytesAfter: after.bytes })
  }
  const only = (one: ReadonlyMap<string, FileDigest>, other: ReadonlyMap<string, FileDigest>) =>
    [...one].filter(([name]) => !other.has(name)).map(([name, { bytes }]) => ({ name, bytes }))
  return { form: 'files', added: only(digestsAfter, digestsBefore), removed: only(digestsBefore, digestsAfter), changed, equal }
}
