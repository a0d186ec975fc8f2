import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { LoopbackServer, type Request } from './loopback-server.ts'

interface TransitKey {
  readonly secret: Buffer
  readonly derived: boolean
}

/** The transit engine of HashiCorp Vault as far as encrypt and decrypt go: a derived key needs `context`, another one heeds `associated_data`. */
export class VaultServer extends LoopbackServer {
  readonly token = 'hvs.CAESIJwaymarkTOKENtest0001'
  readonly keys = new Map<string, TransitKey>()
  mount = 'transit'
  namespace = ''
  isSealed = false
  readonly denied = new Set<string>()

  addKey(name: string, derived = false): string {
    this.keys.set(name, { secret: randomBytes(32), derived })
    return name
  }

  answer({ method, path, headers, body }: Request, lies: boolean) {
    if (this.isSealed) return refused(503, 'Vault is sealed')
    if (headers['x-vault-token'] !== this.token)
      return refused(403, '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n')
    const [, mount, verb = '', name = ''] = /^\/v1\/(.+)\/(encrypt|decrypt)\/([^/]+)$/.exec(path) ?? []
    if (method !== 'POST' || mount !== this.mount || (headers['x-vault-namespace'] ?? '') !== this.namespace)
      return refused(404, `no handler for route "${path.slice(4)}". route entry not found.`)
    if (this.denied.has(verb)) return refused(403, '1 error occurred:\n\t* permission denied\n\n')
    const key = this.keys.get(name)
    if (key === undefined) return refused(400, 'encryption key not found')
    const input = JSON.parse(body)
    if (key.derived && !input.context)
      return refused(400, "missing 'context' for key derivation; the key was created using a derived key")
    const secret = key.derived ? createHmac('sha256', key.secret).update(input.context).digest() : key.secret
    const bound = Buffer.from(input.associated_data ?? '', 'base64')
    if (verb === 'encrypt')
      return { status: 200, body: { data: { ciphertext: wrap(secret, Buffer.from(input.plaintext, 'base64'), bound) } } }
    const plain = lies ? randomBytes(32) : unwrap(secret, input.ciphertext, bound)
    if (plain === undefined) return refused(400, 'cipher: message authentication failed')
    return { status: 200, body: { request_id: 'x', data: { plaintext: plain.toString('base64') } } }
  }

  echo(text: string) {
    return refused(403, text)
  }

  short() {
    return { data: { plaintext: randomBytes(16).toString('base64'), ciphertext: 'vault:' } }
  }
}

const refused = (status: number, ...errors: string[]) => ({ status, body: { errors } })

function wrap(secret: Buffer, plain: Buffer, bound: Buffer): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(bound)
  return `vault:v1:${Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64')}`
}

function unwrap(secret: Buffer, wrapped: string, bound: Buffer): Buffer | undefined {
  const bytes = Buffer.from(wrapped.replace(/^vault:v1:/, ''), 'base64')
  try {
    const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12)).setAAD(bound)
    decipher.setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
  } catch {
    return undefined
  }
}
