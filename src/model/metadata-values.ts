/** A value that can be compared. Dates are milliseconds, bigints numbers. */
export type ComparableValue = string | number | boolean | null

/** What is found at a path of the metadata; a list stands for anything else than one comparable value: its comparable elements, none for an object. */
export type MetadataValue = ComparableValue | readonly ComparableValue[]

/** More would make every save dear; they can be stored, but neither filtered nor sorted by. */
export const comparedValuesMax = 64
const pathMaxLength = 128

/**
 * The values of a checkpoint's metadata by dotted path (`model.loss`), keys nearest the top first: what `where` and `sort` see of it, and no more than
 * {@link comparedValuesMax}. Where two keys have one path (`{ 'a.b': 1, a: { b: 2 } }`) the one nearer the top counts.
 */
export function metadataValues(metadata: Readonly<Record<string, unknown>>): ReadonlyMap<string, MetadataValue> {
  const found = new Map<string, MetadataValue>()
  const levels: (readonly [prefix: string, level: object])[] = [['', metadata]]
  for (const [prefix, level] of levels) {
    for (const [key, value] of Object.entries(level)) {
      const path = prefix + key
      if (value === undefined || path.length > pathMaxLength || found.has(path)) continue
      if (found.size === comparedValuesMax) return found
      found.set(path, metadataValue(value))
      if (isPlainObject(value)) levels.push([`${path}.`, value])
    }
  }
  return found
}

function metadataValue(value: unknown): MetadataValue {
  const comparable = comparableValue(value)
  if (comparable !== undefined) return comparable
  return Array.isArray(value) ? value.flatMap(element => comparableValue(element) ?? (element === null ? [null] : [])) : []
}

/** Undefined for what cannot be compared. */
export function comparableValue(value: unknown): ComparableValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  const number = value instanceof Date ? value.getTime() : typeof value === 'bigint' ? safeNumber(value) : value
  return typeof number === 'number' && !Number.isNaN(number) ? number : undefined
}

const safeNumber = (value: bigint): number | undefined => (Number.isSafeInteger(Number(value)) ? Number(value) : undefined)

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** A text as it is ordered: NUL and halves of characters, which not every database can keep, replaced. */
export const orderedText = (text: string): string => text.toWellFormed().replaceAll('\0', '\u0001')

/** By code points, as SQLite and PostgreSQL (`COLLATE "C"`) order texts too. */
export function compareText(one: string, other: string): number {
  return Buffer.compare(Buffer.from(orderedText(one)), Buffer.from(orderedText(other)))
}

const comparedTextMax = 128

/** The part of a text by which it is found and sorted: its beginning, with {@link orderedText}. A text above another has a part that is above or equal. */
export function comparedText(text: string): string {
  const part = orderedText(text).slice(0, comparedTextMax)
  const last = part.charCodeAt(part.length - 1)
  return part.length === comparedTextMax && last >= 0xd800 && last < 0xdc00 ? part.slice(0, -1) : part
}
