import { WaymarkError } from '../model/errors.ts'
import { float16ArrayTag } from './typed-array-kinds.ts'

/** Sound bytes that this reader has no way to turn into a value. */
export function unreadableValue(message: string, remedy: string, details: Readonly<Record<string, unknown>>): WaymarkError {
  return new WaymarkError('unsupported', { message, means: 'The stored bytes are intact; nothing was changed.', remedy, details })
}

export function unknownTag(tag: number): WaymarkError {
  const remedy =
    tag === float16ArrayTag
      ? 'It is a Float16Array: load it with Node 24 or newer.'
      : 'Load it with the version of Waymark that saved it, or a newer one.'
  return unreadableValue(`The stored value has the CBOR tag ${tag}, which this version does not know.`, remedy, { tag })
}

export function unknownName(what: string, name: string): WaymarkError {
  return unreadableValue(
    `The stored value holds an instance of the ${what} "${name}", which is not registered.`,
    what === 'class'
      ? `Pass its codec: codecs: [codec(Class, { tag: ${JSON.stringify(name)}, encode, decode })].`
      : 'Load it with the version of Waymark that saved it, or a newer one.',
    { name },
  )
}

export function tooDeepToLoad(depth: number, maxDepth: number): WaymarkError {
  return new WaymarkError('limit', {
    message: `The stored value nests deeper than ${Math.min(depth, maxDepth)} levels.`,
    means: 'Nothing was loaded; the stored bytes are untouched.',
    remedy: 'Read it with a larger maxDepth, in a process with a larger stack (node --stack-size).',
    details: { maxDepth },
  })
}
