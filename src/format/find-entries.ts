import { Buffer } from 'node:buffer'
import { major } from './cbor-heads.ts'
import { damagedValue } from './damaged-value.ts'
import { decodeValue } from './decode-value.ts'
import { endOf, type OutlinedPlace, placeInside } from './outlined-place.ts'
import type { Container, Splicing } from './splicing.ts'
import { arrayIndexOf } from './stored-keys.ts'

export interface FoundEntry {
  /** Where its key begins. */
  readonly start: number
  readonly key: unknown
  readonly value: OutlinedPlace
}

export interface WantedKey {
  readonly key: unknown
  readonly encodedKey: Uint8Array
}

/** Array indices have no more digits. */
const longestNumberedKey = 11

/** The entries of an object or Map under these keys, by their names; those that are not there are left out. */
export async function findEntries(
  splicing: Splicing,
  map: Container,
  wanted: ReadonlyMap<string, WantedKey>,
): Promise<ReadonlyMap<string, FoundEntry>> {
  const listed = listedStarts(splicing, map)
  const found = new Map<string, FoundEntry>()
  for (const [name, { key, encodedKey }] of wanted) {
    const start = listed?.get(key) ?? namedStart(map, key, encodedKey)
    if (start === undefined) continue
    const isThere = await splicing.items.matches(start, encodedKey)
    if (isThere) found.set(name, { start, key, value: placeInside(map, start + encodedKey.length) })
    else if (listed !== undefined) throw damagedValue('it does not fit its outline', start)
  }
  if (listed === undefined && found.size < wanted.size) await scan(splicing, map, wanted, found)
  return found
}

/** Where the first entry begins whose key JavaScript lists behind the array index `index`. */
export async function firstEntryAbove(splicing: Splicing, map: Container, index: number): Promise<number> {
  const listed = listedStarts(splicing, map)
  if (listed !== undefined) {
    for (const [key, start] of listed) if (isAbove(key, index)) return start
    return splicing.length
  }
  let start = map.after
  for (let left = map.count; left > 0; left--) {
    const { majorType, argument, after } = await splicing.items.head(start)
    if (majorType !== major.text || argument > longestNumberedKey) return start
    const keyEnd = after + argument
    if (isAbove(decodeValue(await splicing.read(start, keyEnd - start)), index)) return start
    start = await endOf(splicing.items, placeInside(map, keyEnd))
  }
  return start
}

function isAbove(key: unknown, index: number): boolean {
  const own = arrayIndexOf(String(key))
  return own < 0 || own > index
}

/** Where the entries of the value itself begin, if all of its keys are listed. */
function listedStarts({ outline, length }: Splicing, map: Container): ReadonlyMap<unknown, number> | undefined {
  const keys = map.offset === 0 ? outline?.keys : undefined
  if (keys === undefined) return undefined
  let start = keys.reduce((bytes, entry) => bytes - entry.length, length)
  const starts = new Map<unknown, number>()
  for (const entry of keys) {
    starts.set(entry.key, start)
    start += entry.length
  }
  return starts
}

/** Where an entry begins whose value the outline has under its key. */
function namedStart({ offset, extent }: Container, key: unknown, encodedKey: Uint8Array): number | undefined {
  const known = typeof key === 'string' ? extent?.extents.find(part => part.key === key) : undefined
  return known === undefined ? undefined : offset + known.at - encodedKey.length
}

/** Goes through the entries until all that are wanted are found. */
async function scan(
  { items, read }: Splicing,
  map: Container,
  wanted: ReadonlyMap<string, WantedKey>,
  found: Map<string, FoundEntry>,
): Promise<void> {
  const lengths = new Map<number, number>()
  for (const { encodedKey } of wanted.values()) lengths.set(encodedKey.length, (lengths.get(encodedKey.length) ?? 0) + 1)
  let start = map.after
  for (let left = map.count; left > 0 && found.size < wanted.size; left--) {
    const after = await items.skip(start)
    const value = placeInside(map, after)
    if (lengths.has(after - start)) {
      const name = Buffer.from(await read(start, after - start)).toString('latin1')
      const key = wanted.get(name)?.key
      if (wanted.has(name)) found.set(name, { start, key, value })
    }
    start = await endOf(items, value)
  }
}
