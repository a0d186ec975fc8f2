import type { Clock, Random } from './clock.ts'
import { WaymarkError } from './errors.ts'

/** Crockford's base 32 in lower case: no i, l, o, u, so that an id can be read aloud. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * Sixty random bits: a run's log starts without a claim file because two processes never draw the same id
 * (a million runs collide with probability 4e-7).
 */
const runIdLength = 12
const checkpointIdLength = 16
const segmentIdLength = 26

function randomText(random: Random, length: number): string {
  let text = ''
  // 256 is a multiple of 32, so the low five bits of a random byte are uniform.
  for (const byte of random.bytes(length)) text += alphabet.charAt(byte & 31)
  return text
}

const timeLength = 10

function timeText(ms: number): string {
  let rest = Math.max(0, Math.floor(ms))
  let text = ''
  for (let i = 0; i < timeLength; i++) {
    text = alphabet.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

export const newRunId = (random: Random): string => randomText(random, runIdLength)
export const newCheckpointId = (random: Random): string => `c${randomText(random, checkpointIdLength)}`
/** Begins with the time, so that sorted names are in order of creation and a rebuild reads a take-over after what it took over. Nothing depends on it. */
export const newSegmentId = (clock: Clock, random: Random): string =>
  timeText(clock.now()) + randomText(random, segmentIdLength - timeLength)
export const newPackId = (random: Random): string => randomText(random, segmentIdLength)
export const newStoreId = (random: Random): string => randomText(random, segmentIdLength)
export const newProcessId = (random: Random): string => randomText(random, checkpointIdLength)

/** Shortest form of a run id shown to people; any unique prefix is accepted back. */
export const shownIdLength = 6

const callerId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/**
 * Checks an id chosen by the caller (a run's or a checkpoint's): it becomes part of file names and addresses.
 *
 * @throws WaymarkError `invalid`
 */
export function checkCallerId(id: string, what: 'run' | 'checkpoint'): string {
  if (typeof id === 'string' && callerId.test(id)) return id
  throw new WaymarkError('invalid', {
    message: `${JSON.stringify(id)} cannot be the id of a ${what}`,
    means: 'Nothing was started or saved.',
    remedy: 'Use 1 to 128 letters, digits, dots, dashes and underscores, beginning with a letter or digit.',
  })
}
