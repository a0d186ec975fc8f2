import { randomBytes } from 'node:crypto'
import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { type KeyServiceOptions, keyServiceRules, serviceAddress, unwrappedSecret, wrongAnswer } from './key-service.ts'
import type { MasterKey } from './master-key.ts'
import { masterSecretLength } from './master-pair.ts'
import { askVault, type VaultPlace, vaultCalled } from './vault-request.ts'

export interface VaultTransitOptions extends KeyServiceOptions {
  /** `https://vault.example.com:8200`; http is taken for this machine only. */
  readonly address: string
  /** Name of a key of the transit engine that encrypts with associated data (aes256-gcm96, the default there) or is derived. */
  readonly key: string
  /** Where the transit engine is mounted. Default `transit`. */
  readonly mount?: string
  /** Default: what the environment variable `VAULT_TOKEN` holds, read anew each time. */
  readonly token?: string
  /** Of Vault Enterprise and HCP. Default: what `VAULT_NAMESPACE` holds, if it is set. */
  readonly namespace?: string
}

const rules: OptionRules<VaultTransitOptions> = {
  ...keyServiceRules,
  address: optionRules.text,
  key: optionRules.any,
  mount: optionRules.any,
  token: optionRules.text,
  namespace: optionRules.any,
}

/**
 * A master key that the transit engine of HashiCorp Vault (or OpenBao) holds. Its secret is wrapped by the key there, bound to the store (associated data; the context of a derived key), and the key ring keeps the wrapped form: each opening
 * asks Vault once. The token needs `update` on `MOUNT/encrypt/KEY` (to make keys) and `MOUNT/decrypt/KEY`. A store that Vault cannot open now is `unavailable`; where it refuses, or is sealed, `key_missing`.
 *
 * @example
 * const store = await open({ path: '.waymark', key: vaultTransit({ address: 'https://vault.example.com:8200', key: 'waymark' }) })
 * @throws WaymarkError `invalid`
 */
export function vaultTransit(options: VaultTransitOptions): MasterKey {
  checkOptions('vaultTransit', options, rules, 'Nothing was read or written.')
  const { key, mount = 'transit', namespace, token } = options
  if (!isPath(key) || key.includes('/') || !isPath(mount) || (namespace !== undefined && !isPath(namespace))) throw badName()
  const address = serviceAddress('vaultTransit', options.address)
  const place: VaultPlace = { ...options, address, mount, key, namespace, token }
  return {
    kind: 'vault',
    description: vaultCalled(place),
    async secretFor({ mount: keptMount, key: keptKey, wrapped }, storeId) {
      if (keptKey !== key || keptMount !== mount || typeof wrapped !== 'string') return undefined
      return unwrap(place, wrapped, storeId)
    },
    async newSecret(storeId) {
      const secret = randomBytes(masterSecretLength)
      const wrapped = await askVault(place, 'encrypt', { plaintext: secret.toString('base64'), ...bindingTo(storeId) })
      if (!/^vault:v\d+:[A-Za-z0-9+/=]{40,4096}$/.test(wrapped)) throw wrongAnswer(vaultCalled(place))
      // Who may wrap and not unwrap would make a store that nobody can open.
      if (!secret.equals(await unwrap(place, wrapped, storeId))) throw wrongAnswer(vaultCalled(place))
      return { secret, settings: { address, mount, key, ...(namespace !== undefined && { namespace }), wrapped } }
    },
  }
}

async function unwrap(place: VaultPlace, wrapped: string, storeId: string): Promise<Uint8Array> {
  const plaintext = await askVault(place, 'decrypt', { ciphertext: wrapped, ...bindingTo(storeId) })
  return unwrappedSecret(vaultCalled(place), Buffer.from(plaintext, 'base64'))
}

/** Vault heeds the one that its key is made for: `context` where keys are derived, else `associated_data` (from 1.9 on). */
function bindingTo(storeId: string): Readonly<Record<string, string>> {
  const text = Buffer.from(`waymark-store ${storeId}`).toString('base64')
  return { associated_data: text, context: text }
}

/** Stands in the path of a request: no part of it leads elsewhere. */
const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value.split('/').every(part => /^[\w.-]+$/.test(part) && !/^\.+$/.test(part))

const badName = (): WaymarkError =>
  new WaymarkError('invalid', {
    // Without the text: it may be a key itself, put where its name belongs.
    message: 'vaultTransit: key, mount and namespace are names of letters, digits, “-”, “_” and “.”; one of them is not',
    means: 'Nothing was read or written.',
    remedy: "Give them as in: vaultTransit({ address: 'https://vault.example.com:8200', key: 'waymark', mount: 'transit' })",
  })
