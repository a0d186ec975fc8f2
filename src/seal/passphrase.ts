import { randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { checkSource, type MasterKey, type MasterSettings } from './master-key.ts'
import { masterSecretLength } from './master-pair.ts'

const scryptAsync = promisify<string, Uint8Array, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

/** Cost of scrypt (RFC 7914): `n` rounds over blocks of `r` times 128 bytes, `p` times. Takes 128 * n * r bytes of memory. */
export interface PassphraseCost {
  /** A power of two. Default 131,072: with r = 8 that is 128 MiB, and about half a second. */
  readonly n?: number
  /** Default 8. */
  readonly r?: number
  /** Default 1. */
  readonly p?: number
}

const costRules: OptionRules<PassphraseCost> = { n: optionRules.any, r: optionRules.any, p: optionRules.any }

/** Asks for a passphrase, once. */
export type AskPassphrase = (isNew: boolean) => string | Promise<string>

const saltLength = 16
const shortest = 8
const defaultCost = { n: 2 ** 17, r: 8, p: 1 }
/** What a ring says must not make a reader take more memory than this. */
const mostMemory = 2 ** 30

/**
 * A passphrase as master key, made into a key with scrypt; salt and cost stand in the key ring.
 *
 * @param passphrase at least 8 characters, or what asks for it; `isNew`: for a store that is to have it from now on
 * @param cost of new keys; those that exist keep theirs
 * @example
 * const store = await open({ path: '.waymark', key: passphrase('correct horse battery staple') })
 */
export function passphrase(passphrase: string | AskPassphrase, cost: PassphraseCost = {}): MasterKey {
  if (typeof passphrase !== 'function')
    checkSource('passphrase', passphrase, 'what the passphrase is', "passphrase('five random words or so')")
  checkOptions('passphrase', cost, costRules, 'Nothing was read or written.')
  let asked: Promise<string> | undefined
  const text = (isNew: boolean): Promise<string> => {
    asked ??= Promise.resolve(typeof passphrase === 'string' ? passphrase : passphrase(isNew)).then(given)
    return asked
  }
  return {
    kind: 'passphrase',
    description: 'the passphrase',
    // One that is too short is no store's.
    secretFor: async settings => ((await text(false)).length < shortest ? undefined : stretched(await text(false), settings)),
    async newSecret() {
      const { n, r, p } = { ...defaultCost, ...cost }
      const settings = { salt: randomBytes(saltLength).toString('base64'), n, r, p }
      return { secret: await stretched(checkNewPassphrase(await text(true)), settings), settings }
    },
  }
}

async function stretched(text: string, { salt, n, r, p }: MasterSettings): Promise<Buffer> {
  if (typeof salt !== 'string' || typeof n !== 'number' || typeof r !== 'number' || typeof p !== 'number')
    throw badCost('it is not complete')
  if (128 * n * r > mostMemory || p > 16)
    throw badCost(`n = ${n}, r = ${r}, p = ${p} would take more than ${mostMemory >> 20} MiB`)
  try {
    // NFC, so that a passphrase is the same whichever keyboard it was typed on.
    return await scryptAsync(text.normalize('NFC'), Buffer.from(salt, 'base64'), masterSecretLength, {
      N: n,
      r,
      p,
      maxmem: 2 * mostMemory,
    })
  } catch (cause) {
    throw badCost(cause instanceof Error ? cause.message : String(cause))
  }
}

function given(text: unknown): string {
  if (typeof text === 'string' && text !== '') return text
  throw new WaymarkError('key_missing', {
    message: 'no passphrase was given: it is empty',
    means: 'Nothing was read or written.',
    remedy: 'Type the passphrase of the store, or set WAYMARK_PASSPHRASE.',
  })
}

/**
 * A passphrase that a store is to have from now on.
 *
 * @throws WaymarkError `invalid` if it is too short
 */
export function checkNewPassphrase(text: string): string {
  if (text.length >= shortest) return text
  throw new WaymarkError('invalid', {
    message: `a new passphrase of ${text.length} ${text.length === 1 ? 'character' : 'characters'} is too short: it must have at least ${shortest}`,
    means: 'Nothing was read or written.',
    remedy: 'Take a longer one: several random words, say.',
  })
}

const badCost = (how: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `the cost of the passphrase cannot be used: ${how}`,
    means: 'Nothing was read or written.',
    remedy:
      'Give n as a power of two (131072), r (8) and p (1); for a store that exists, put back the folder keys from a backup.',
  })
