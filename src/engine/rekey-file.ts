import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import { readStart } from '../files/read-start.ts'
import type { CountBytes } from '../files/replace-file.ts'
import { packMagic, parityMagic } from '../format/pack-header.ts'
import { RecordSeal } from '../log/record-seal.ts'
import { resealSegment } from '../log/reseal-segment.ts'
import { headerLength, headerMagic, sealedWith } from '../log/segment-format.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { newProcessId } from '../model/ids.ts'
import { resealDamaged } from '../seal/reseal-damaged.ts'
import { resealFile } from '../seal/reseal-file.ts'
import { decodeSealedHeader } from '../seal/sealed-blocks.ts'
import { isAbandoned } from './is-abandoned.ts'
import { sealedParts } from './keys-report.ts'
import type { LeftFile } from './rekey-report.ts'
import { asideFolder, journalName } from './repair-journal.ts'
import type { ContentFile } from './sealed-with.ts'
import type { StoreCore } from './store-core.ts'

/**
 * What became of a file. `again`: it changed meanwhile, or is gone; whoever looks again knows more. `kept`: it is damaged, of which a repair knows, and nothing of it can be opened.
 */
export type Rekeyed = 'sealed' | 'removed' | 'again' | 'kept' | Pick<LeftFile, 'because' | 'damaged'>

/** The catalog and the index of events of plain times, and what remembered chunks before a repair: they are made from the rest, and not kept in a sealed store. */
const plainView = /^((catalog|events)\.(sqlite|damaged)|aside\/[0-9a-z]+\/chunks\.sqlite)/
/** What an earlier rekey was writing when it was killed. */
export const rekeyLeftover = /\.rekey\.[0-9a-z]+\.tmp$/

/**
 * Seals one file of the store with the newest data key, or removes it where it is not needed.
 *
 * @param noted the segments of the log of which a repair has noted that they are damaged
 */
export async function rekeyFile(
  core: StoreCore,
  file: ContentFile,
  noted: ReadonlySet<string>,
  count: CountBytes,
): Promise<Rekeyed> {
  const outcome = await sealedAnew(core, file, count)
  if (typeof outcome === 'string' || outcome.damaged !== true) return outcome
  const segment = segmentIn(file.name)
  const isKnown = segment === undefined ? isSetAside(file.name) : noted.has(segment)
  return isKnown ? rekeyDamaged(core, file.name, count) : outcome
}

async function sealedAnew(core: StoreCore, file: ContentFile, count: CountBytes): Promise<Rekeyed> {
  const { name, dataKey } = file
  const { disk, path: root } = core
  const path = `${root}/${name}`
  if (plainView.test(name)) return remove(disk, path)
  if (file.bytes === 0 && name.startsWith('aside/')) return unfinished
  if (name.endsWith('.tmp')) return isAbandoned(core, path).then(is => (is ? remove(disk, path) : unfinished))
  // Of a process that worked in plain: nobody looks for its name.
  if (dataKey === undefined && name.startsWith('requests/')) return remove(disk, path)
  if (dataKey === undefined && !sealedParts(core).seals.acceptsPlain)
    return { because: 'is not sealed, in a store that has sealed files only', damaged: true }
  try {
    if (dataKey === undefined && !(await isWhatItSays(disk, path, name))) return { because: 'is damaged', damaged: true }
    return (await reseal(core, name, count)) ? 'sealed' : 'again'
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return 'again'
    if (isWaymarkError(error, 'unavailable') && error.retryable) return 'again'
    if (!isWaymarkError(error) || !['corrupt', 'unsupported'].includes(error.code)) throw error
    // Nothing is lost with the image of the catalog.
    if (name.startsWith('catalog.sealed')) return remove(disk, path)
    const because = error.message.replaceAll(`${root}/`, '')
    return error.code === 'corrupt' ? { because: `is damaged: ${because}`, damaged: true } : { because }
  }
}

/** What opens of it is sealed anew, and what does not open stays damage; where nothing opens it stays what it is. */
async function rekeyDamaged(core: StoreCore, name: string, count: CountBytes): Promise<Rekeyed> {
  const { disk: files, path: root, storeId, random } = core
  const { seals } = sealedParts(core)
  const path = `${root}/${name}`
  try {
    const options = { files, root, storeId, seals, random }
    const outcome = await resealDamaged(options, path, temporaryOf(core, path), count)
    if (outcome === 'nothing') return 'kept'
    return outcome ? 'sealed' : 'again'
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return 'again'
    if (isWaymarkError(error, 'unavailable') && error.retryable) return 'again'
    if (isWaymarkError(error, 'corrupt')) return 'kept'
    throw error
  }
}

const unfinished: Rekeyed = { because: 'is being written by another process, or was when that was killed' }

async function reseal(core: StoreCore, name: string, count: CountBytes): Promise<boolean> {
  const { disk: files, path: root, storeId, random } = core
  const { seals } = sealedParts(core)
  const path = `${root}/${name}`
  const temporary = temporaryOf(core, path)
  const segment = segmentIn(name)
  const keyId = segment === undefined ? undefined : await recordKey(files, path)
  if (segment === undefined || keyId === undefined)
    return resealFile({ files, root, storeId, seals, random }, path, temporary, count)
  const key = await seals.find(keyId)
  if (key === undefined) throw keyMissing(name, keyId)
  const nameOf = (stream: string): string => seals.name('stream', stream)
  const [from, to] = [new RecordSeal(key, segment, nameOf), new RecordSeal(seals.current, segment, nameOf)]
  return resealSegment({ files, path, temporary, identity: { segment, store: storeId }, from, to, count })
}

/** Most of what a repair set aside is damaged: that is why. */
const isSetAside = (name: string): boolean => name.startsWith(`${asideFolder}/`) && !name.endsWith(`/${journalName}`)

const segmentIn = (name: string): string | undefined => /^segments\/([0-9a-z]+)\.seg$/.exec(name)?.[1]

const temporaryOf = ({ random }: StoreCore, path: string): string => `${path}.rekey.${newProcessId(random)}.tmp`

const keyMissing = (name: string, keyId: string): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `${name} is sealed with the data key ${keyId}, which is not among the keys of this store`,
    means: 'It was left as it is.',
    remedy: 'Put back the folder keys of the store from a backup that is as new as the file.',
    details: { key: keyId },
  })

/** Of the data key that the records of a segment are sealed with; undefined if they are plain, or the segment is sealed as a file. */
async function recordKey(files: FileSystem, path: string): Promise<string | undefined> {
  const head = await readStart(files, path, headerLength)
  if (head === undefined || head.length < headerLength || decodeSealedHeader(head) !== undefined) return undefined
  return sealedWith(head)
}

/** A sealed file whose header is damaged looks like a plain one, and sealed once more it could not be healed any more. */
async function isWhatItSays(files: FileSystem, path: string, name: string): Promise<boolean> {
  const magic = (await readStart(files, path, headerLength))?.toString('latin1', 0, 8)
  if (/^segments\/.*\.seg$/.test(name)) return magic === headerMagic.toString('latin1')
  if (name.endsWith('.pack')) return magic === packMagic || name.startsWith('aside/')
  if (name.endsWith('.par')) return magic === parityMagic || name.startsWith('aside/')
  return true
}

async function remove(files: FileSystem, path: string): Promise<Rekeyed> {
  await files.remove(path)
  return 'removed'
}
