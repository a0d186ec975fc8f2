import { WaymarkError } from '../model/errors.ts'
import { refusedValue, tooDeep } from './refused-value.ts'
import { isStackOverflow } from './value-depth.ts'

/**
 * What the user should see of an error raised while a value was written: getters, proxies and codecs are code of theirs.
 * @param path of the object that was being written
 * @param depth of it
 */
export function explainedError(error: unknown, path: string, depth: number): unknown {
  if (error instanceof WaymarkError) return error
  if (isStackOverflow(error)) return tooDeep(path, depth)
  const reason = error instanceof Error ? error.message : String(error)
  return refusedValue(path, `reading it failed (${reason})`, 'Mend what fails, or store a plain copy.', error)
}

/** An object at `path` is the one at `start` again, which is around it. */
export function cyclicValue(path: string, start: string): WaymarkError {
  return refusedValue(
    path,
    `it is ${start === '' ? 'the whole value' : start} again, which contains it`,
    'Refer to it by an id instead of holding it.',
  )
}

export function tooSparse(path: string, mostHoles: number): WaymarkError {
  return new WaymarkError('limit', {
    message: `Cannot store ${path || 'the value'}: an array with more than ${mostHoles} holes.`,
    means: 'Nothing was saved; what was saved before is untouched.',
    remedy: 'Use a Map with numbers as keys, or fill the holes.',
    details: { path, mostHoles },
  })
}

export function tooLarge(maxEncodedBytes: number): WaymarkError {
  return new WaymarkError('limit', {
    message: 'The value is larger than 2 GiB when encoded.',
    means: 'Nothing was saved; what was saved before is untouched.',
    remedy: 'Save it in parts: one checkpoint per part, or items of a stage.',
    details: { maxEncodedBytes },
  })
}

/** What a codec stores for an instance contains the instance, which its `decode` could only make afterwards. */
export function instanceWithinItself(path: string, codecTag: string): WaymarkError {
  return refusedValue(
    path,
    `it is the instance that the codec "${codecTag}" is encoding`,
    'Leave the way back to the instance out of what the codec stores, and restore it in decode.',
  )
}
