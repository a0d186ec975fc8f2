import { randomBytes } from 'node:crypto'
import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import type { AwsCredentials, KmsCallOptions, KmsClient } from './aws-kms-client.ts'
import { kmsError } from './aws-kms-errors.ts'
import { kmsLibrary } from './aws-kms-library.ts'
import {
  askService,
  type KeyServiceOptions,
  keyServiceRules,
  serviceAddress,
  unwrappedSecret,
  wrongAnswer,
} from './key-service.ts'
import type { MasterKey } from './master-key.ts'
import { masterSecretLength } from './master-pair.ts'

export interface AwsKmsOptions extends KeyServiceOptions {
  /** A symmetric key: its ARN, its id, or an alias (`alias/waymark`). */
  readonly keyId: string
  /** Default: that of the ARN, else that of the AWS configuration. */
  readonly region?: string
  /** Another address of the service: `https://…`, or `http://127.0.0.1:4566` on this machine. Default: that of the AWS configuration. */
  readonly endpoint?: string
  /** Default: those of the AWS configuration (environment, profile, role of the machine). */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>)
  /** `new KMS({ … })` of `@aws-sdk/client-kms`, used in the place of one made of the options above; it is not closed. */
  readonly client?: KmsClient
}

const rules: OptionRules<AwsKmsOptions> = {
  ...keyServiceRules,
  keyId: optionRules.any,
  region: {
    text: 'the name of a region, such as eu-central-1',
    holds: value => typeof value === 'string' && /^[a-z0-9-]{1,63}$/.test(value),
  },
  endpoint: optionRules.text,
  credentials: {
    text: '{ accessKeyId, secretAccessKey }, or a function that resolves to it',
    holds: value => (typeof value === 'object' && value !== null) || typeof value === 'function',
  },
  client: {
    text: 'a client made with new KMS({ … }) of @aws-sdk/client-kms',
    holds: value =>
      typeof value === 'object' &&
      value !== null &&
      'encrypt' in value &&
      'decrypt' in value &&
      typeof value.decrypt === 'function',
  },
}

/**
 * A master key that AWS KMS holds. Its secret is wrapped by the key there, bound to the store (encryption context `waymark-store`), and the key ring keeps the wrapped form: each opening asks KMS once. The package
 * `@aws-sdk/client-kms` has to be installed. Credentials need `kms:Encrypt` (to make keys) and `kms:Decrypt`. A store that KMS cannot open now is `unavailable`; where access is denied, or the key is disabled or another one, `key_missing`.
 *
 * @example
 * const store = await open({ path: '.waymark', key: awsKms({ keyId: 'arn:aws:kms:eu-central-1:111122223333:alias/waymark' }) })
 * @throws WaymarkError `invalid`
 */
export function awsKms(options: AwsKmsOptions): MasterKey {
  checkOptions('awsKms', options, rules, 'Nothing was read or written.')
  const keyId = checkedKeyId(options.keyId)
  const endpoint = options.endpoint === undefined ? undefined : serviceAddress('awsKms', options.endpoint)
  const service = { ...options, keyId, ...(endpoint !== undefined && { endpoint }) }
  return {
    kind: 'aws-kms',
    description: calledOf(keyId),
    async secretFor({ keyId: kept, wrapped }, storeId) {
      if (typeof wrapped !== 'string' || typeof kept !== 'string' || !mayBeOneKey(keyId, kept)) return undefined
      return unwrap(service, Buffer.from(wrapped, 'base64'), storeId)
    },
    async newSecret(storeId) {
      const secret = randomBytes(masterSecretLength)
      const { CiphertextBlob, KeyId = keyId } = await asking(service, (client, call) =>
        client.encrypt({ KeyId: keyId, Plaintext: secret, EncryptionContext: contextOf(storeId) }, call),
      )
      const wrapped = CiphertextBlob ?? new Uint8Array(0)
      // Who may wrap and not unwrap would make a store that nobody can open.
      const again = await unwrap(service, wrapped, storeId)
      if (!secret.equals(again)) throw wrongAnswer(calledOf(keyId))
      const region = regionOf(KeyId) ?? options.region
      return {
        secret,
        settings: { keyId: KeyId, ...(region !== undefined && { region }), wrapped: Buffer.from(wrapped).toString('base64') },
      }
    },
  }
}

async function unwrap(service: AwsKmsOptions, wrapped: Uint8Array, storeId: string): Promise<Uint8Array> {
  const { keyId } = service
  const { Plaintext } = await asking(service, (client, call) =>
    client.decrypt({ KeyId: keyId, CiphertextBlob: wrapped, EncryptionContext: contextOf(storeId) }, call),
  )
  return unwrappedSecret(calledOf(keyId), Plaintext)
}

async function asking<T>(options: AwsKmsOptions, ask: (client: KmsClient, call: KmsCallOptions) => Promise<T>): Promise<T> {
  const called = calledOf(options.keyId)
  const { client, close } = options.client === undefined ? await ownClient(options) : { client: options.client, close() {} }
  try {
    return await askService({ ...options, called, judge: error => kmsError(called, error) }, abortSignal =>
      ask(client, { abortSignal }),
    )
  } finally {
    close()
  }
}

async function ownClient({ keyId, region = regionOf(keyId), endpoint, credentials }: AwsKmsOptions) {
  const { KMS } = await kmsLibrary()
  const client = new KMS({
    // Requests that fail are made again by askService, which knows how long.
    maxAttempts: 1,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  })
  return { client, close: () => client.destroy() }
}

const contextOf = (storeId: string): Record<string, string> => ({ 'waymark-store': storeId })

const calledOf = (keyId: string): string => `the AWS KMS key ${keyId}`

const arnOfKey = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d*):(key|alias)\/([\w/-]+)$/

const regionOf = (keyId: string): string | undefined => arnOfKey.exec(keyId)?.[1]

/** False if the key that is given is certainly another one than that of the ring: what an alias stands for, KMS alone knows. */
function mayBeOneKey(given: string, kept: string): boolean {
  const [, region, account, kind, id] = arnOfKey.exec(given) ?? []
  const [, keptRegion, keptAccount, , keptId] = arnOfKey.exec(kept) ?? []
  if (keptId === undefined || given.startsWith('alias/')) return true
  if (id === undefined) return given === keptId
  if (account !== keptAccount) return false
  // A key of several regions has the same id in each.
  const isElsewhere = region !== keptRegion && !keptId.startsWith('mrk-')
  return !isElsewhere && (kind === 'alias' || id === keptId)
}

function checkedKeyId(keyId: unknown): string {
  if (typeof keyId === 'string' && (arnOfKey.test(keyId) || /^(alias\/)?[\w/-]{1,256}$/.test(keyId))) return keyId
  throw new WaymarkError('invalid', {
    // Without the text: it may be a key itself, put where its name belongs.
    message: 'awsKms: keyId does not name a key of AWS KMS',
    means: 'Nothing was read or written.',
    remedy: 'Give its ARN (arn:aws:kms:REGION:ACCOUNT:key/ID), its id or an alias (alias/NAME).',
  })
}
