import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { LoopbackServer, type Request } from './loopback-server.ts'

export interface KmsKey {
  readonly secret: Buffer
  state: 'Enabled' | 'Disabled' | 'PendingDeletion' | 'Asymmetric'
}

class Refused extends Error {
  readonly kind: string
  constructor(kind: string, message: string) {
    super(message)
    this.kind = kind
  }
}

export const region = 'eu-central-1'
export const arnOf = (id: string, where = region): string => `arn:aws:kms:${where}:111122223333:key/${id}`

/** AWS KMS as far as Encrypt and Decrypt go: it checks the signature (Signature Version 4) of each request itself, and what it wrapped opens with the same key and encryption context only. */
export class KmsServer extends LoopbackServer {
  readonly credentials = { accessKeyId: 'AKIAWAYMARKTEST00001', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
  readonly keys = new Map<string, KmsKey>()
  readonly aliases = new Map<string, string>()
  /** Actions these credentials may not take. */
  readonly denied = new Set<string>()
  skewMs = 0
  /** Contexts that were given, one for each request that was answered. */
  readonly contexts: unknown[] = []

  addKey(arn: string, alias?: string): string {
    this.keys.set(arn, { secret: randomBytes(32), state: 'Enabled' })
    if (alias !== undefined) this.aliases.set(alias, arn)
    return arn
  }

  override date(): string {
    return new Date(Date.now() + this.skewMs).toUTCString()
  }

  answer(request: Request, lies: boolean) {
    try {
      const { keyRegion } = this.#checkSignature(request)
      const action = request.headers['x-amz-target']?.replace(/^TrentService\./, '') ?? ''
      const input = JSON.parse(request.body)
      if (this.denied.has(action))
        throw new Refused(
          'AccessDeniedException',
          `User: arn:aws:iam::111122223333:user/ci is not authorized to perform: kms:${action} on resource: ${input.KeyId} because no identity-based policy allows the kms:${action} action`,
        )
      const { arn, key } = this.#keyOf(input.KeyId, keyRegion)
      const context = Buffer.from(JSON.stringify(Object.entries(input.EncryptionContext ?? {}).sort()))
      this.contexts.push(input.EncryptionContext)
      if (action === 'Encrypt') {
        const plain = Buffer.from(input.Plaintext, 'base64')
        return { status: 200, body: { KeyId: arn, CiphertextBlob: wrap(arn, key, plain, context).toString('base64') } }
      }
      const plain = lies ? randomBytes(32) : unwrap(arn, key, Buffer.from(input.CiphertextBlob, 'base64'), context)
      return { status: 200, body: { KeyId: arn, Plaintext: plain.toString('base64') } }
    } catch (error) {
      if (error instanceof Refused) return { status: 400, body: { __type: error.kind, message: error.message } }
      throw error
    }
  }

  echo(text: string) {
    return {
      status: 400,
      body: { __type: 'AccessDeniedException', message: `User: ${text} is not authorized to perform: kms:Decrypt` },
    }
  }

  short() {
    return { Plaintext: randomBytes(16).toString('base64'), CiphertextBlob: '' }
  }

  #keyOf(id: string, keyRegion: string): { arn: string; key: KmsKey } {
    const arn = this.aliases.get(id) ?? (id.startsWith('arn:') ? id : arnOf(id, keyRegion))
    const key = this.keys.get(arn)
    if (key === undefined || !arn.includes(`:${keyRegion}:`))
      throw new Refused('NotFoundException', `Key '${arn}' does not exist`)
    if (key.state === 'Disabled') throw new Refused('DisabledException', `${arn} is disabled.`)
    if (key.state === 'PendingDeletion') throw new Refused('KMSInvalidStateException', `${arn} is pending deletion.`)
    if (key.state === 'Asymmetric') throw new Refused('InvalidKeyUsageException', 'not valid for this key')
    return { arn, key }
  }

  #checkSignature({ method, path, headers, body }: Request): { keyRegion: string } {
    const given =
      /^AWS4-HMAC-SHA256 Credential=(.+?)\/(\d{8})\/([^/]+)\/kms\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
        headers['authorization'] ?? '',
      )
    if (given === null) throw new Refused('MissingAuthenticationToken', 'Missing Authentication Token')
    const [, accessKeyId, day = '', keyRegion = '', signed = '', signature] = given
    const time = headers['x-amz-date'] ?? ''
    const names = signed.split(';')
    if (accessKeyId !== this.credentials.accessKeyId)
      throw new Refused('UnrecognizedClientException', 'The security token is invalid.')
    for (const name of ['host', 'x-amz-date', 'x-amz-target'])
      if (!names.includes(name)) throw new Refused('IncompleteSignatureException', name)
    const canonical = [method, path, '', ...names.map(name => `${name}:${headers[name]?.trim()}`), '', signed, sha256(body)].join(
      '\n',
    )
    const scope = `${day}/${keyRegion}/kms/aws4_request`
    const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
    const signingKey = [day, keyRegion, 'kms', 'aws4_request'].reduce(
      (key: Buffer | string, part) => hmac(key, part),
      `AWS4${this.credentials.secretAccessKey}`,
    )
    if (hmac(signingKey, text).toString('hex') !== signature)
      throw new Refused(
        'InvalidSignatureException',
        `The request signature we calculated does not match. The Canonical String should have been '${canonical}'`,
      )
    const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
    if (!(Math.abs(Date.now() + this.skewMs - at) < 5 * 60_000))
      throw new Refused('InvalidSignatureException', `Signature not yet current: ${time}`)
    return { keyRegion }
  }
}

function wrap(arn: string, { secret }: KmsKey, plain: Buffer, context: Buffer): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(context)
  const name = Buffer.from(arn)
  return Buffer.concat([Buffer.from([name.length]), name, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function unwrap(arn: string, { secret }: KmsKey, blob: Buffer, context: Buffer): Buffer {
  const [length = 0] = blob
  const name = blob.subarray(1, 1 + length).toString()
  const rest = blob.subarray(1 + length)
  if (!name.startsWith('arn:aws:kms:') || rest.length < 28) throw new Refused('InvalidCiphertextException', '')
  if (name !== arn)
    throw new Refused('IncorrectKeyException', 'The key ID in the request does not identify the key that wrapped it.')
  try {
    const decipher = createDecipheriv('aes-256-gcm', secret, rest.subarray(0, 12)).setAAD(context)
    decipher.setAuthTag(rest.subarray(-16))
    return Buffer.concat([decipher.update(rest.subarray(12, -16)), decipher.final()])
  } catch {
    throw new Refused('InvalidCiphertextException', '')
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest()
