import { WaymarkError } from './errors.ts'
import { isReservedEventType } from './event-types.ts'
import { type EventMetadata, type EventStatus, eventStatuses } from './pipeline-event.ts'

/** Bytes of an event's metadata as JSON: what is larger is a checkpoint, not an event. */
export const mostMetadataBytes = 32 * 1024
const longestType = 100
/** Deeper than any metadata, and shallow enough for every parser. */
const deepest = 64

/**
 * The type and status of an event as they may be recorded.
 *
 * @throws WaymarkError `invalid`
 */
export function checkEvent(type: unknown, status: unknown): asserts status is EventStatus {
  if (typeof type !== 'string' || type === '' || type.length > longestType)
    throw refused(
      `the type of an event must be a text of 1 to ${longestType} characters, not ${shown(type)}${lengthOf(type)}`,
      '',
      typeExample,
    )
  if (/[\p{Cc}\p{Cs}]/u.test(type))
    throw refused(`the type of an event holds a control character or half of a surrogate pair: ${shown(type)}`, '', typeExample)
  if (isReservedEventType(type))
    throw refused(`${type} is a type of Waymark's own: such events follow from what a run does`, '', 'Choose a name of your own.')
  if (!eventStatuses.some(known => known === status))
    throw refused(
      `the status of an event must be one of ${eventStatuses.join(', ')}, not ${shown(status)}`,
      '',
      "{ status: 'warning' }",
    )
}

/**
 * The metadata as the JSON that is recorded. Properties that are undefined are left out; -0 is recorded as 0; anything else JSON cannot say is refused, so that what is read later is what was given.
 *
 * @throws WaymarkError `invalid` with the path in `details.path`
 */
export function metadataJson(type: string, metadata: unknown): string {
  return metadata === undefined ? '{}' : plainJson(`the metadata of ${type}`, metadata, 'event')
}

/** As {@link metadataJson}. @param what Names the object in messages; `noun`: what it is part of */
export function plainJson(what: string, metadata: unknown, noun: 'event' | 'entry'): string {
  if (!isPlain(metadata)) throw refused(`${what} must be a plain object, not ${shown(metadata)}`, '', remedy)
  checkPart({ what, noun, leastBytes: 0 }, metadata, '', 0)
  const json = JSON.stringify(metadata)
  if (json.length * 3 <= mostMetadataBytes || Buffer.byteLength(json) <= mostMetadataBytes) return json
  throw tooLarge(what, noun)
}

const typeExample = "run.event('model_trained', { accuracy: 0.93 })"

const lengthOf = (type: unknown): string => (typeof type === 'string' && type.length > longestType ? `… of ${type.length}` : '')

const tooLarge = (what: string, noun: string): WaymarkError =>
  refused(
    `${what} takes more than ${mostMetadataBytes} bytes as JSON`,
    '',
    `Save it as a checkpoint (a stage, or store.save), and put its id into the ${noun}.`,
  )

interface Checking {
  readonly what: string
  readonly noun: string
  /** Its JSON takes so many at least: what is far too large is refused before it is made. */
  leastBytes: number
}

const remedy = 'Give a plain object of texts, finite numbers, true, false, null, lists and such objects.'

function checkPart(checking: Checking, value: unknown, path: string, depth: number): void {
  const { what, noun } = checking
  checking.leastBytes += typeof value === 'string' ? value.length + 2 : 1
  if (checking.leastBytes > mostMetadataBytes) throw tooLarge(what, noun)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return
    case 'number':
      if (Number.isFinite(value)) return
      break
    case 'object':
      if (value === null) return
      if (depth > deepest) throw refused(`${what} is nested deeper than ${deepest}`, path, remedy)
      if (!Array.isArray(value) && !isPlain(value)) break
      if ('toJSON' in value) throw refused(`${what}${at(path)} has a toJSON, which would record something else`, path, remedy)
      if (Object.getOwnPropertySymbols(value).length > 0)
        throw refused(`${what}${at(path)} has a symbol as a key, which JSON cannot say`, path, remedy)
      if (Array.isArray(value)) {
        for (let index = 0; index < value.length; index++) checkPart(checking, value[index], `${path}[${index}]`, depth + 1)
        // No element is missing any more, so whatever is more has a name.
        if (Object.keys(value).length === value.length) return
        throw refused(`${what}${at(path)} is a list with properties, which JSON cannot say`, path, remedy)
      }
      for (const [key, part] of Object.entries(value)) {
        if (part === undefined) continue
        checking.leastBytes += key.length + 3
        checkPart(checking, part, path === '' ? key : `${path}.${key}`, depth + 1)
      }
      return
  }
  throw refused(`${what} holds ${shown(value)}${at(path)}, which JSON cannot say`, path, remedy)
}

const at = (path: string): string => (path === '' ? '' : ` at ${path}`)

function isPlain(value: unknown): value is EventMetadata {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 50))
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'a list' : `a ${value.constructor?.name ?? 'n object'}`
  return typeof value === 'function' ? 'a function' : typeof value === 'bigint' ? `${value}n` : String(value)
}

const refused = (message: string, path: string, remedy: string): WaymarkError =>
  new WaymarkError('invalid', {
    message,
    means: 'It was not recorded; nothing else changed.',
    remedy,
    details: path === '' ? {} : { path },
  })
