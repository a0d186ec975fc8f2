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
    remedy: 'Make a key with: waymark keys new FILE',
  })
}
