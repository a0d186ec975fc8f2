import type { ByteReader } from './byte-reader.ts'
import { major } from './cbor-heads.ts'
import { defineValue } from './define-value.ts'
import { bareError, errorClasses, errorFieldOrder } from './error-fields.ts'
import { unknownName } from './unreadable-value.ts'

/** What reads the values within an Error. */
export interface ErrorSource {
  read(): unknown
  /** Called for a container before what is in it is read. */
  enter(container: object): void
  leave(): void
  /** Reads so many properties into an object. */
  properties(object: Record<string, unknown>, count: number): void
}

/** Reads what `error-writer.ts` wrote: a map of `count` fields, in their order. */
export function readError(count: number, input: ByteReader, source: ErrorSource): Error {
  if (count === 0 || input.string() !== 'class') throw input.damaged('an Error without its class')
  const className = input.string()
  const create = errorClasses.get(className)
  if (create === undefined) throw unknownName('class of Error', className)
  const error = bareError(create)
  source.enter(error)
  let field = 0
  for (let left = count - 1; left > 0; left--) {
    const name = input.string()
    const next = errorFieldOrder.indexOf(name)
    if (next <= field) throw input.damaged('an Error with fields it cannot have, or in another order')
    field = next
    if (name === 'properties') readProperties(error, input, source)
    else {
      const value = source.read()
      if (name === 'name' && value === className) throw input.damaged('an Error with a name that goes without saying')
      defineValue(error, name, value, false)
    }
  }
  source.leave()
  return error
}

/** Defined one by one: assigning could call a setter of the prototype, or keep a property from being enumerable. */
function readProperties(error: Error, input: ByteReader, source: ErrorSource): void {
  const count = input.head(major.map, 'map')
  const properties: Record<string, unknown> = {}
  source.properties(properties, count)
  if (count === 0) throw input.damaged('an Error with an empty list of properties')
  for (const name of Object.keys(properties)) {
    if (Object.hasOwn(error, name)) throw input.damaged('an Error with a property that comes twice')
    defineValue(error, name, properties[name], true)
  }
}
