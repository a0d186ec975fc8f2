import { WaymarkError } from '../model/errors.ts'
import type { LockedRing } from './key-ring.ts'
import type { MasterKey } from './master-key.ts'

/** Which master keys open a ring, for people. */
const wanted = ({ masters }: LockedRing): string => masters.map(({ kind, name, id }) => `${kind} ${name} (${id})`).join(', ')

export function noKey(root: string, ring: LockedRing): WaymarkError {
  return new WaymarkError('key_missing', {
    message: `the store ${root} is sealed, and no key was given`,
    means: 'Nothing was read or written.',
    remedy: `Give one of its keys with --key or in WAYMARK_KEY: ${wanted(ring)}.`,
    details: { masters: ring.masters.map(({ id }) => id) },
  })
}

export function wrongKey(root: string, ring: LockedRing, keys: readonly MasterKey[]): WaymarkError {
  return new WaymarkError('key_missing', {
    message: `the store ${root} does not open with ${keys.map(({ description }) => description).join(', ')}`,
    means: 'Nothing was read or written.',
    remedy: `Give one of its keys with --key or in WAYMARK_KEY: ${wanted(ring)}.`,
    details: { masters: ring.masters.map(({ id }) => id) },
  })
}

/** The store was open with a master key that somebody has taken away since. */
export function keyTakenAway(root: string, ring: LockedRing): WaymarkError {
  return new WaymarkError('key_missing', {
    message: `the master key that the store ${root} was opened with is none of its keys any more`,
    means:
      'What was saved before is safe. What was asked for just now was not done, and nothing more can be saved with this key.',
    remedy: `Open the store again with one of its keys: ${wanted(ring)}.`,
    details: { masters: ring.masters.map(({ id }) => id) },
  })
}

/** Keys were made for a plain store, and whoever did was interrupted. */
export function halfSealed(root: string, ring: LockedRing): WaymarkError {
  return new WaymarkError('key_missing', {
    message: `keys were being made for the store ${root}, and that did not come to its end`,
    means: 'Nothing was read or written; everything recorded before is there.',
    remedy: `End it with the same key: waymark keys init --key SOURCE. It was begun with ${wanted(ring)}.`,
    details: { masters: ring.masters.map(({ id }) => id) },
  })
}

export function noRing(root: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `the store ${root} is sealed, but its key ring (the folder keys) is missing or damaged`,
    means: 'Nothing can be read without it. The sealed files are not touched by this.',
    remedy: 'Put back the folder keys from a backup of the store.',
  })
}

/** Somebody without a key of the store made it, or a store with keys of its own was put in the place of another. */
export function foreignRing(root: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `the key ring of the store ${root} was made by somebody who has no key of it`,
    means:
      'Nothing was read or written. Whoever did that can write the files of the store: do not trust what they say since then.',
    remedy: 'Put back the whole store from a backup, in a place that only its owner can write to.',
  })
}

/** Whoever gives a key expects that nothing can be read without it. */
export const notSealed = (root: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `a key was given for the store ${root}, which is not sealed`,
    means: 'Nothing was read or written. What the store holds can be read by whoever can read its files.',
    remedy: 'Seal it with: waymark keys init (or store.initKeys), then waymark keys rekey; or open it without a key.',
  })
