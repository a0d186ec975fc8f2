import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'

/** What a checkpoint is found and described by. */
export interface Labels {
  readonly run?: unknown
  readonly stage?: unknown
  readonly type?: unknown
  readonly description?: unknown
  readonly tags?: unknown
  readonly metadata?: unknown
  readonly ttlMs?: unknown
}

/** Longest text of a label, in UTF-16 units: it is in every list. */
const longestText = 10_000

/**
 * Types are gone when a program runs, and what is in the log stays: labels are looked at before anything is saved. Null and undefined are the caller's to judge.
 *
 * @throws WaymarkError `invalid` naming the label
 */
export function checkLabels(labels: Labels): void {
  for (const name of ['run', 'stage', 'type', 'description'] as const) {
    const text = labels[name]
    if (text !== undefined && text !== null && !isLabelText(text)) throw badLabel(name, 'a text of 1 to 10,000 characters', text)
  }
  const { tags, metadata, ttlMs } = labels
  if (tags !== undefined && !(Array.isArray(tags) && tags.every(isLabelText))) throw badLabel('tags', 'a list of texts', tags)
  if (metadata !== undefined && !isPlainObject(metadata)) throw badLabel('metadata', 'a plain object', metadata)
  if (ttlMs !== undefined && ttlMs !== null && !(typeof ttlMs === 'number' && Number.isFinite(ttlMs) && ttlMs >= 0)) {
    throw badLabel('ttlMs', 'a number of milliseconds, 0 or more', ttlMs)
  }
}

/**
 * An option nobody knows is most often a known one misspelt.
 *
 * @throws WaymarkError `invalid`
 */
export function checkOptionNames(call: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const meant = nearest(name, known)
    throw new WaymarkError('invalid', {
      message: `${call} has no option ${JSON.stringify(name)}`,
      means: 'Nothing was saved or read.',
      remedy: meant === undefined ? `Use some of: ${known.join(', ')}.` : `Did you mean ${meant}?`,
      details: { option: name },
    })
  }
}

const isLabelText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= longestText

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function badLabel(name: string, wanted: string, given: unknown): WaymarkError {
  const shown = typeof given === 'string' ? JSON.stringify(given.slice(0, 50)) : Array.isArray(given) ? 'a list' : String(given)
  return new WaymarkError('invalid', {
    message: `${name} must be ${wanted}, not ${shown}`,
    means: 'Nothing was saved or changed.',
    remedy: `Give ${name} as ${wanted}, or leave it out.`,
    details: { label: name },
  })
}
