import { types } from 'node:util'
import { extraProperty } from '../model/extra-property.ts'
import { propertySegment } from './value-path.ts'

/** Something about the properties of an object that the bytes cannot hold. */
export interface UnstorableProperty {
  /** Where, to be added to the path of the object. */
  readonly segment: string
  readonly problem: string
  readonly remedy: string
}

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
  const name = extraProperty(value)
  return name === undefined ? findSymbolKey(value) : extra(propertySegment(name))
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
