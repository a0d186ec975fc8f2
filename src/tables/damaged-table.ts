/** Thrown inside of what reads a stored table; whoever knows where it stands in the bytes makes a WaymarkError `corrupt` of it. */
export class DamagedTable extends Error {
  override readonly name = 'DamagedTable'
}

/** Any object can be read by any key; TypeScript has no other way to say so. */
export type Members = Readonly<Record<string, unknown>>

export function membersIn(value: unknown, what: string): Members {
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) return value as Members
  throw new DamagedTable(`${what} that is no object`)
}

export function listIn(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new DamagedTable(`${what} that is no list`)
}

/** A whole number, not negative. */
export function countIn(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new DamagedTable(`${what} that is no count`)
}

export function bytesIn(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array && Object.getPrototypeOf(value) === Uint8Array.prototype) return value
  throw new DamagedTable(`${what} that are no bytes`)
}

/** So many bytes, neither more nor less. */
export function exactBytes(value: unknown, length: number, what: string): Uint8Array {
  const bytes = bytesIn(value, what)
  if (bytes.length !== length) throw new DamagedTable(`${what} of ${bytes.length} bytes where there must be ${length}`)
  return bytes
}

export function oneOf<Member extends string | number>(value: unknown, members: readonly Member[], what: string): Member {
  const found = members.find(member => member === value)
  if (found === undefined) throw new DamagedTable(`${what} that there is not`)
  return found
}

export function flagIn(value: unknown, what: string): boolean {
  if (typeof value === 'boolean') return value
  throw new DamagedTable(`${what} that is neither true nor false`)
}

export function textIn(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw new DamagedTable(`${what} that is no text`)
}
