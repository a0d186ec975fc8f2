import { Buffer } from 'node:buffer'
import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { damagedValue } from './damaged-value.ts'
import { encodeValue } from './encode-value.ts'
import { ItemReader, type ReadBytes } from './item-reader.ts'

/** A range of the bytes of a value that begins where an item does. */
export interface ItemRange {
  readonly offset: number
  readonly removed: number
}

const digestKey = encodeValue('digest')
const digestBytes = 32

/**
 * The digests, in hex, of all tables that begin in these ranges of an encoded value, in order. Only heads and digests are read.
 *
 * @param length of the whole value
 * @throws WaymarkError `corrupt`
 */
export async function tablesWithin(read: ReadBytes, length: number, ranges: readonly ItemRange[]): Promise<readonly string[]> {
  const items = new ItemReader(read, length)
  const digests: string[] = []
  for (const { offset, removed } of ranges) {
    const end = offset + removed
    for (let at = await items.findTag(offset, end, cborTag.table); at !== undefined; ) {
      const place = await digestPlace(items, at)
      digests.push(Buffer.from(await read(place, digestBytes)).toString('hex'))
      at = await items.findTag(place + digestBytes, end, cborTag.table)
    }
  }
  return digests
}

/** Where the digest of the table is whose map begins at `at`. */
async function digestPlace(items: ItemReader, at: number): Promise<number> {
  const map = await items.head(at)
  let key = map.after
  for (let entry = 0; map.majorType === major.map && entry < map.argument; entry++) {
    const value = await items.skip(key)
    if (await items.matches(key, digestKey)) {
      const digest = await items.head(value)
      if (digest.majorType !== major.bytes || digest.argument !== digestBytes) break
      return digest.after
    }
    key = await items.skip(value)
  }
  throw damagedValue('a table has no digest', at)
}
