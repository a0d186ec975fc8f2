import { timingSafeEqual } from 'node:crypto'
import { fileErrorCode } from '../files/file-system.ts'
import type { KeyRing } from '../seal/key-ring.ts'
import { withDataKey, withNewestKeyOnly } from '../seal/key-ring.ts'
import { sealedParts } from './keys-report.ts'
import { readWhole, writeDurably } from './repair-files.ts'
import type { StoreCore } from './store-core.ts'

/** Which data key a rekey has made that did not come to its end: what it says is made with the keys, so nobody else can name one that was there before. */
const markName = 'keys/rekey'

/**
 * The data key that everything is to be sealed with: a new one, or that of a rekey which was interrupted. The ring is changed in any case: from then on whoever begins a file, or writes to a segment, looks for the newest key.
 */
export async function beginRekey(core: StoreCore): Promise<string> {
  const { keeper, seals } = sealedParts(core)
  const { disk, path, random, clock } = core
  const mark = await readWhole(disk, `${path}/${markName}`)
  const known = (await keeper.read()).dataKeys.at(-1)?.id
  const ring = await keeper.change(now => {
    // Changed all the same: a file of the ring before that was left behind would keep others from noticing.
    if (isBegun(core, now, mark)) return { ...now, generation: now.generation + 1 }
    return now.dataKeys.at(-1)?.id === known ? withDataKey(now, random, clock.now()) : now
  })
  await seals.refresh()
  const { id } = seals.current
  if (!isBegun(core, ring, mark)) await writeDurably(disk, `${path}/${markName}`, markOf(core, id))
  return id
}

/** Forgets all data keys but this one. False, with nothing changed, if there is a newer one by now. */
export async function endRekey(core: StoreCore, keyId: string): Promise<boolean> {
  const { keeper, seals } = sealedParts(core)
  const isDone = ({ dataKeys, acceptsPlain }: KeyRing): boolean => dataKeys.length === 1 && !acceptsPlain
  const ring = await keeper.change(now => (now.dataKeys.at(-1)?.id !== keyId || isDone(now) ? now : withNewestKeyOnly(now)))
  await seals.refresh()
  if (ring.dataKeys.at(-1)?.id !== keyId) return false
  // Left behind it would mean nothing: there is one key, and it is the newest.
  await core.disk.remove(`${core.path}/${markName}`).catch((error: unknown) => {
    if (fileErrorCode(error) === undefined) throw error
  })
  return true
}

function isBegun(core: StoreCore, { dataKeys, acceptsPlain }: KeyRing, mark: Uint8Array | undefined): boolean {
  const newest = dataKeys.at(-1)
  if (mark === undefined || newest === undefined || (dataKeys.length === 1 && !acceptsPlain)) return false
  const expected = markOf(core, newest.id)
  return mark.length === expected.length && timingSafeEqual(mark, expected)
}

const markOf = (core: StoreCore, keyId: string): Buffer => Buffer.from(sealedParts(core).seals.name('rekey', keyId))
