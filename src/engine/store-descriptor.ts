import { createHash } from 'node:crypto'
import { fileFault } from '../files/file-faults.ts'
import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import { type Clock, type Random, sleep } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { newStoreId } from '../model/ids.ts'

/** What `waymark.json` says: what a reader must understand to open the store. */
export interface StoreDescriptor {
  readonly format: { readonly major: number; readonly minor: number }
  /** Features without which the store must not be opened. None exist yet. */
  readonly requires: readonly string[]
  /** Features a reader may ignore. */
  readonly compatible: readonly string[]
  readonly store: string
  readonly createdAt: number
}

const formatMajor = 1
const descriptorName = 'waymark.json'
const folders = ['segments', 'claims', 'packs', 'leases']
/** How long the maker of a store may take between making its descriptor and writing it. */
const creationGraceMs = 2_000

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
  components: { readonly clock: Clock; readonly random: Random },
): Promise<StoreDescriptor> {
  try {
    const stat = await files.stat(root)
    if (stat !== undefined && stat.kind !== 'directory') throw notAFolder(root)
    const existing = stat === undefined ? undefined : await readSettled(files, root, components.clock)
    if (existing !== undefined) return existing
    if (!create) throw noStore(root)
    return await makeStore(files, root, components)
  } catch (error) {
    if (fileErrorCode(error) === 'ENOTDIR') throw notAFolder(root)
    throw fileFault(error, `open the store ${root}`, 'Nothing was read or changed.')
  }
}

async function makeStore(
  files: FileSystem,
  root: string,
  components: { readonly clock: Clock; readonly random: Random },
): Promise<StoreDescriptor> {
  await makeDurableDirectory(files, root)
  for (const folder of folders) await files.makeDirectory(`${root}/${folder}`)
  await writeIfAbsent(files, `${root}/.gitignore`, '*\n')
  await files.syncDirectory(root)
  const descriptor: StoreDescriptor = {
    format: { major: formatMajor, minor: 0 },
    requires: [],
    compatible: [],
    store: newStoreId(components.random),
    createdAt: components.clock.now(),
  }
  // Of two makers one wins the name; the other reads what the winner wrote.
  if (await writeIfAbsent(files, `${root}/${descriptorName}`, encodeDescriptor(descriptor))) {
    await files.syncDirectory(root)
    return descriptor
  }
  const winner = await readSettled(files, root, components.clock)
  if (winner === undefined) throw damaged(root, 'its maker did not finish')
  return winner
}

async function writeIfAbsent(files: FileSystem, path: string, text: string): Promise<boolean> {
  try {
    const file = await files.open(path, 'create')
    try {
      await file.write(Buffer.from(text), 0)
      await file.sync()
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Reads the descriptor, waiting for a maker that is just writing it. One that never was finished, in a store that holds nothing, is removed. */
async function readSettled(files: FileSystem, root: string, clock: Clock): Promise<StoreDescriptor | undefined> {
  const path = `${root}/${descriptorName}`
  const deadline = clock.monotonicMs() + creationGraceMs
  for (;;) {
    const before = await files.stat(path)
    if (before === undefined) return undefined
    const text = await readText(files, path)
    if (text.length > 0) {
      const descriptor = decodeDescriptor(text, root)
      if (descriptor !== undefined) return descriptor
    }
    if (await holdsSegments(files, root)) throw damaged(root, 'its checksum does not match')
    if (clock.monotonicMs() >= deadline) {
      if ((await files.stat(path))?.identity === before.identity) await files.remove(path)
      return undefined
    }
    await sleep(clock, 20)
  }
}

async function holdsSegments(files: FileSystem, root: string): Promise<boolean> {
  const stat = await files.stat(`${root}/segments`)
  return stat !== undefined && (await files.list(`${root}/segments`)).length > 0
}

async function readText(files: FileSystem, path: string): Promise<string> {
  const file = await files.open(path, 'read')
  try {
    return Buffer.from(await file.read(0, 64 * 1024)).toString('utf8')
  } finally {
    await file.close()
  }
}

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
  if (body.format.major !== formatMajor || body.requires.length > 0) {
    const needs = body.requires.length > 0 ? ` and needs ${body.requires.join(', ')}` : ''
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
    means: 'The log and the packs beside it are not touched by this.',
    remedy: `Put back ${descriptorName} from a backup of the store.`,
  })
}
