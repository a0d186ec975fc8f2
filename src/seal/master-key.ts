import { WaymarkError } from '../model/errors.ts'

/** What a ring keeps of a master key, to come by its secret again. Nothing in it is secret. */
export type MasterSettings = Readonly<Record<string, string | number>>

/** Where the secret of a master key comes from: `keyFile`, `keyVariable`, `passphrase`, `keyCommand`, `awsKms`, `vaultTransit`. */
export interface MasterKey {
  readonly kind: string
  /** For messages: `the file /etc/waymark.key`. */
  readonly description: string
  /**
   * The secret, 32 bytes, of a master key that the ring describes so. Undefined if it cannot be this one.
   *
   * @throws WaymarkError `key_missing` if it cannot be come by, `unavailable` if a service does not answer
   */
  secretFor(settings: MasterSettings, storeId: string): Promise<Uint8Array | undefined>
  /** The secret for a ring that does not know it yet, and what the ring is to keep. */
  newSecret(storeId: string): Promise<{ readonly secret: Uint8Array; readonly settings: MasterSettings }>
}

/**
 * One master key or several, as they are given.
 *
 * @param call what was given them, for the message: what was given in their place may be a key, and is never shown
 * @throws WaymarkError `invalid`
 */
export function checkKeys(call: string, given: unknown): readonly MasterKey[] {
  const keys: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (keys.length > 0 && keys.every(isMasterKey)) return keys
  throw new WaymarkError('invalid', {
    message: `${call}: key must be a master key or a list of them, not ${Array.isArray(given) ? 'such a list' : typeof given}`,
    means: 'Nothing was read or written.',
    remedy:
      "Make one: { key: keyFile('/etc/waymark.key') }, or keyVariable(NAME), keyCommand(COMMAND), passphrase(TEXT), awsKms(OPTIONS), vaultTransit(OPTIONS).",
  })
}

/**
 * One master key, as it is given to a verb on keys.
 *
 * @throws WaymarkError `invalid`
 */
export function checkKey(call: string, given: unknown): MasterKey {
  if (isMasterKey(given)) return given
  throw new WaymarkError('invalid', {
    message: `${call}: what it was given is no master key but ${Array.isArray(given) ? 'a list' : given === null ? 'null' : `of type ${typeof given}`}`,
    means: 'Nothing was read or written.',
    remedy: `Make one: store.${call}(${call === 'rotateKeys' ? '{ to: ' : ''}keyFile('/etc/waymark.key')${call === 'rotateKeys' ? ' }' : ''}), or keyVariable(NAME), keyCommand(COMMAND), passphrase(TEXT), awsKms(OPTIONS), vaultTransit(OPTIONS).`,
  })
}

/**
 * What says where a key is to be found.
 *
 * @param what completes “it is not said …”
 * @throws WaymarkError `invalid`: what was given in its place may be a key, and is never shown
 */
export function checkSource(call: string, given: unknown, what: string, example: string): void {
  if (typeof given === 'string' && given !== '') return
  throw new WaymarkError('invalid', {
    message: `${call}: it is not said ${what}: ${given === '' ? 'the text is empty' : `it was given ${given === undefined ? 'nothing' : `no text but ${Array.isArray(given) ? 'a list' : given === null ? 'null' : `a ${typeof given}`}`}`}`,
    means: 'Nothing was read or written.',
    remedy: `Write it as ${example}`,
  })
}

const isMasterKey = (value: unknown): value is MasterKey =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  typeof value.kind === 'string' &&
  'secretFor' in value &&
  typeof value.secretFor === 'function' &&
  'newSecret' in value &&
  typeof value.newSecret === 'function'

/**
 * 32 bytes out of a text: 64 hex digits, or base64 of 32 bytes, white space around it ignored.
 *
 * @param from where the text is from, for the message: it is never shown itself
 * @throws WaymarkError `key_missing`
 */
export function secretIn(text: string, from: string): Buffer {
  const trimmed = text.trim()
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex')
  if (/^[A-Za-z0-9+/]{43}=?$/.test(trimmed)) return Buffer.from(trimmed, 'base64')
  throw new WaymarkError('key_missing', {
    message: `${from} holds no key: a key is 32 bytes, as 64 hex digits or as base64`,
    means: 'Nothing was read or written.',
    remedy:
      'A store that is sealed already opens with its own keys alone: put this one back from its copy, or give another of them. For a store that is yet to be sealed, make one with: waymark keys new FILE',
  })
}

/**
 * What a store is to be sealed with from now on is no placeholder, such as a file of zeros: nobody drew that at random. A store that has such a key opens with it.
 *
 * @throws WaymarkError `invalid`
 */
export function checkNewSecret(secret: Buffer, from: string): Buffer {
  if (secret.some(byte => byte !== secret[0])) return secret
  throw new WaymarkError('invalid', {
    message: `${from} holds no key: its 32 bytes are all the same`,
    means: 'Nothing was read or written.',
    remedy: 'Make a key with: waymark keys new FILE',
  })
}
