import { createHash } from 'node:crypto'
import { fileFault } from '../files/file-faults.ts'
import { type FileSystem, fileErrorCode, type OpenFile } from '../files/file-system.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import { readStart } from '../files/read-start.ts'
import { type Clock, type Random, sleep } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { newProcessId, newStoreId } from '../model/ids.ts'

/** What `waymark.json` says: what a reader must understand to open the store. */
export interface StoreDescriptor {
  readonly format: { readonly major: number; readonly minor: number }
  /** Features without which the store must not be opened: see {@link writtenFeatures}. */
  readonly requires: readonly string[]
  /** Features a reader may ignore. */
  readonly compatible: readonly string[]
  readonly store: string
  readonly createdAt: number
}

const formatMajor = 1
const formatMinor = 5
/** Of a store for which keys are made, and in which nothing newer is written yet. */
const sealedMinor = 4
/**
 * What this version writes. `chunks`: checkpoints whose bytes are chunks in packs of format 2 (format 1.1). `unsynced`: batches of
 * the log that were written before the one before them was durable (format 1.2). `items`: finished items and their results as bytes, keys as
 * digests (format 1.2). `forks`: runs that go on from the records of another run (format 1.3). `tables`: values that
 * hold tables (format 1.3). `events`: records of events (format 1.5).
 */
const writtenFeatures: readonly string[] = ['chunks', 'unsynced', 'items', 'forks', 'tables', 'events']
/** What is written has keys of its own, and names that are not readable (format 1.4). Only stores for which keys were made have it. */
export const sealedFeature = 'sealed'
const knownFeatures: readonly string[] = [...writtenFeatures, sealedFeature]
const descriptorName = 'waymark.json'
const mostDescriptorBytes = 64 * 1024
/** In the order in which they are made: who sees the last knows that the descriptor is durable. */
const folders = ['claims', 'packs', 'leases', 'segments']
/** Makings of one store that may be found unfinished in a row; more mean that the disk does not keep what it is given. */
const maxMakings = 3
/** How long the maker of a store may take between making its descriptor and writing it. */
const creationGraceMs = 2_000

export interface MakerOfStores {
  readonly clock: Clock
  readonly random: Random
  /** Prepares the keys of a new store, and resolves to what puts them there, durable: the store is sealed from its beginning. */
  readonly prepareKeys?: ((storeId: string) => Promise<() => Promise<void>>) | undefined
}

export const isSealed = ({ requires }: Pick<StoreDescriptor, 'requires'>): boolean => requires.includes(sealedFeature)

/**
 * The descriptor of the store in `root`.
 *
 * @param create makes the store if there is none
 * @throws WaymarkError `not_found` if there is none, `invalid` if the path is no folder, `unsupported` if a newer version wrote it, `corrupt` if the descriptor is
 * damaged, `unavailable` or `disk_full` if it cannot be made
 */
export async function openDescriptor(
  files: FileSystem,
  root: string,
  create: boolean,
  components: MakerOfStores,
): Promise<StoreDescriptor> {
  try {
    const stat = await files.stat(root)
    if (stat !== undefined && stat.kind !== 'directory') throw notAFolder(root)
    for (let makings = 0; ; makings++) {
      const existing = await readSettled(files, root, components.clock)
      if (existing !== undefined) return existing
      if (!create) throw noStore(root)
      if (makings === maxMakings) throw damaged(root, 'its maker did not finish')
      await makeStore(files, root, components)
    }
  } catch (error) {
    if (fileErrorCode(error) === 'ENOTDIR') throw notAFolder(root)
    throw fileFault(error, `open the store ${root}`, 'Nothing was read or changed.')
  }
}

/** Makes the store, unless somebody else does: of two makers one wins the name of the descriptor. */
async function makeStore(files: FileSystem, root: string, components: MakerOfStores): Promise<void> {
  const store = newStoreId(components.random)
  const putKeys = await components.prepareKeys?.(store)
  await makeDurableDirectory(files, root)
  await writeIfAbsent(files, `${root}/.gitignore`, '*\n')
  const requires = components.prepareKeys === undefined ? writtenFeatures : knownFeatures
  const descriptor: StoreDescriptor = {
    format: { major: formatMajor, minor: formatMinor },
    requires,
    compatible: [],
    store,
    createdAt: components.clock.now(),
  }
  if (!(await writeIfAbsent(files, `${root}/${descriptorName}`, encodeDescriptor(descriptor)))) return
  await files.syncDirectory(root)
  // Before the folders: a store that has them has its keys.
  await putKeys?.()
  for (const folder of folders) await files.makeDirectory(`${root}/${folder}`)
}

/** Those that are missing, and makes the names of all durable. */
async function makeFolders(files: FileSystem, root: string): Promise<void> {
  for (const folder of folders) if (!(await files.exists(`${root}/${folder}`))) await files.makeDirectory(`${root}/${folder}`)
  await files.syncDirectory(root)
}

/**
 * Makes the descriptor of a store that an older version made say what this version writes. Before the first such write, so that the older version refuses the store instead of misreading
 * it; what is in the store stays as it is. Interrupted or done twice, the descriptor is the old one or the new one.
 */
export async function upgradeDescriptor(
  files: FileSystem,
  root: string,
  descriptor: StoreDescriptor,
  random: Random,
  features: readonly string[] = writtenFeatures,
): Promise<StoreDescriptor> {
  if (features.every(feature => descriptor.requires.includes(feature))) {
    // Who upgraded it may be at it still, or have been interrupted: its name must not be lost once there is something only this version can read.
    await files.syncDirectory(root).catch(error => {
      throw fileFault(error, `make ${root}/${descriptorName} durable`, 'Nothing was saved; the store is as it was.')
    })
    return descriptor
  }
  const temporary = `${root}/${descriptorName}.${newProcessId(random)}.tmp`
  try {
    // Another process may have added a feature since.
    const now = (await readDescriptor(files, root)) ?? descriptor
    const requires = [...new Set([...now.requires, ...features])]
    const upgraded: StoreDescriptor = {
      ...now,
      format: {
        major: formatMajor,
        minor: Math.max(features.includes(sealedFeature) ? sealedMinor : formatMinor, now.format.minor),
      },
      requires,
    }
    await writeIfAbsent(files, temporary, encodeDescriptor(upgraded))
    await files.rename(temporary, `${root}/${descriptorName}`)
    await files.syncDirectory(root)
    return upgraded
  } catch (error) {
    await files.remove(temporary).catch(() => {})
    throw fileFault(error, `upgrade ${root}/${descriptorName}`, 'Nothing was saved; the store is as it was.')
  }
}

/** After a failure the file is removed if it can be: whether its bytes will last is unknown, and it must not be synced again. */
async function writeIfAbsent(files: FileSystem, path: string, text: string): Promise<boolean> {
  let file: OpenFile
  try {
    file = await files.open(path, 'create')
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') return false
    throw error
  }
  try {
    await file.write(Buffer.from(text), 0)
    await file.sync()
    await file.close()
    return true
  } catch (error) {
    await file.close().catch(() => {})
    await files.remove(path).catch(() => {})
    throw error
  }
}

/**
 * Reads the descriptor of a store that was made to the end, waiting for a maker that is just at it. One that never was finished, in a store that holds nothing, is removed: whether
 * its bytes will last is unknown.
 */
async function readSettled(files: FileSystem, root: string, clock: Clock): Promise<StoreDescriptor | undefined> {
  const path = `${root}/${descriptorName}`
  const deadline = clock.monotonicMs() + creationGraceMs
  for (;;) {
    const before = await files.stat(path)
    const segments = await segmentsIn(files, root)
    if (before === undefined) {
      if (segments === undefined || segments === 0) return undefined
      // Another process may have made the store, and begun to record, since it was looked for.
      if (await files.exists(path)) continue
      // To make another would turn everything recorded here into the bytes of a foreign store.
      throw damaged(root, 'it is missing')
    }
    const descriptor = decodeDescriptor(await readText(files, path), root)
    if (descriptor !== undefined && segments !== undefined) {
      // Its maker may have been interrupted before the names were durable, and a power cut keeps any of them. Once there is a segment, somebody has been here.
      if (segments === 0) await makeFolders(files, root)
      return descriptor
    }
    if (segments !== undefined && segments > 0) throw damaged(root, 'its checksum does not match')
    if (clock.monotonicMs() >= deadline) {
      if ((await files.stat(path))?.identity === before.identity) await files.remove(path)
      return undefined
    }
    await sleep(clock, 20)
  }
}

/** How many there are; undefined without the folder for them, which a maker makes last. */
async function segmentsIn(files: FileSystem, root: string): Promise<number | undefined> {
  const folder = `${root}/segments`
  return (await files.exists(folder)) ? (await files.list(folder)).length : undefined
}

/** What the descriptor says now; undefined where there is none that is whole. */
export async function readDescriptor(files: FileSystem, root: string): Promise<StoreDescriptor | undefined> {
  return decodeDescriptor(await readText(files, `${root}/${descriptorName}`), root)
}

/** Empty if another process has just removed it. */
const readText = async (files: FileSystem, path: string): Promise<string> =>
  (await readStart(files, path, mostDescriptorBytes))?.toString('utf8') ?? ''

function encodeDescriptor(descriptor: StoreDescriptor): string {
  const body = JSON.stringify(descriptor)
  return `${JSON.stringify({ ...descriptor, checksum: checksum(body) }, null, 2)}\n`
}

const checksum = (body: string): string => createHash('sha256').update(body).digest('hex')

function decodeDescriptor(text: string, root: string): StoreDescriptor | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || !('checksum' in parsed)) return undefined
  const { checksum: sum, ...body } = parsed
  if (sum !== checksum(JSON.stringify(body))) return undefined
  if (!isDescriptor(body)) return undefined
  const unknown = body.requires.filter(feature => !knownFeatures.includes(feature))
  if (body.format.major !== formatMajor || unknown.length > 0) {
    const needs = unknown.length > 0 ? ` and needs ${unknown.join(', ')}` : ''
    throw new WaymarkError('unsupported', {
      message: `the store ${root} has format ${body.format.major}.${body.format.minor}${needs}; this version reads format ${formatMajor}`,
      means: 'The store is intact; nothing was read or written.',
      remedy: 'Use the version of waymark that wrote it, or a newer one: npm install waymark@latest',
    })
  }
  return body
}

function isDescriptor(value: object): value is StoreDescriptor {
  return (
    'format' in value &&
    typeof value.format === 'object' &&
    value.format !== null &&
    'major' in value.format &&
    typeof value.format.major === 'number' &&
    'requires' in value &&
    Array.isArray(value.requires) &&
    'store' in value &&
    typeof value.store === 'string'
  )
}

function notAFolder(root: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the store path ${root} is not a folder`,
    means: 'Nothing was read or changed.',
    remedy: 'Give a folder with --store PATH, or remove the file that is in the way.',
  })
}

function noStore(root: string): WaymarkError {
  return new WaymarkError('not_found', {
    message: `there is no store at ${root}`,
    means: 'Nothing was read or changed.',
    remedy: 'Run a pipeline first (waymark run FILE), or name the store with --store PATH.',
  })
}

function damaged(root: string, how: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `the descriptor ${root}/${descriptorName} is damaged: ${how}`,
    means: 'The log and the packs beside it are not touched by this; without it nobody can tell whose they are.',
    remedy: `Put back ${descriptorName} from a backup of the store.`,
  })
}
