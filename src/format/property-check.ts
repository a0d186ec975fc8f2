import { inspect, types } from 'node:util'
import { propertySegment } from './value-path.ts'

/** Something about the properties of an object that the bytes cannot hold. */
export interface UnstorableProperty {
  /** Where, to be added to the path of the object. */
  readonly segment: string
  readonly problem: string
  readonly remedy: string
}

/** An array up to this length is checked by listing its keys (10-25 ns an element); a longer one by `inspect` (0.5 µs). */
const listedLength = 32

/** Enumerable properties of a plain object that would be lost or would come back as something else. */
export function findUnstorableProperty(value: object): UnstorableProperty | undefined {
  if (types.isArgumentsObject(value)) {
    return { segment: '', problem: 'an arguments object would come back as a plain object', remedy: 'Store [...arguments].' }
  }
  for (const name in value) {
    const property = Object.getOwnPropertyDescriptor(value, name)
    if (property !== undefined && !('value' in property)) return accessor(propertySegment(name))
  }
  return findSymbolKey(value)
}

/**
 * Properties of an array, Map, Date … besides what it holds by nature: none of them would be stored. Typed arrays are not looked
 * at: listing their keys would list every element.
 */
export function findExtraProperty(value: object): UnstorableProperty | undefined {
  if (types.isTypedArray(value)) return undefined
  if (!Array.isArray(value)) {
    for (const name in value) if (Object.hasOwn(value, name)) return extra(propertySegment(name))
    return findSymbolKey(value)
  }
  if (value.length > listedLength && hasOnlyElements(value)) return undefined
  // Names come after indices.
  const last = Object.keys(value).at(-1)
  if (last !== undefined && !(Number(last) < value.length)) return extra(propertySegment(last))
  return findSymbolKey(value)
}

/** `inspect` is the one function that lists the other properties of an array without walking its elements. */
function hasOnlyElements(array: readonly unknown[]): boolean {
  const shown = inspect(array, { maxArrayLength: 0, maxStringLength: 0, depth: 0, customInspect: false, breakLength: Infinity })
  return shown === `[ ... ${array.length} more items ]`
}

function findSymbolKey(value: object): UnstorableProperty | undefined {
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (!Object.prototype.propertyIsEnumerable.call(value, symbol)) continue
    return {
      segment: `[${String(symbol)}]`,
      problem: 'a symbol as key cannot be stored',
      remedy: 'Use a string as key, or make the property non-enumerable so that it is left out.',
    }
  }
  return undefined
}

function accessor(segment: string): UnstorableProperty {
  return {
    segment,
    problem: 'an accessor (get or set) cannot be stored',
    remedy: 'Store what it returns as a plain property, or make it non-enumerable so that it is left out.',
  }
}

function extra(segment: string): UnstorableProperty {
  return {
    segment,
    problem: 'a property added to a built-in object would be lost',
    remedy: 'Put it beside the built-in object, in an object that holds both, or store a copy without it ([...array]).',
  }
}
