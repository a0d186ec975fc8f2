import type { WaymarkError } from '../model/errors.ts'
import { askService, awayService, type KeyServiceOptions, refusedByService, wrongAnswer } from './key-service.ts'

/** A key of a transit engine, and who asks for it. */
export interface VaultPlace extends KeyServiceOptions {
  readonly address: string
  readonly mount: string
  readonly key: string
  readonly token?: string | undefined
  readonly namespace?: string | undefined
}

const mostAnswerBytes = 64 * 1024
const answerOf = { encrypt: 'ciphertext', decrypt: 'plaintext' } as const

export const vaultCalled = ({ address, mount, key }: VaultPlace): string => `the Vault key ${address}/${mount}/${key}`

/**
 * Has something encrypted or decrypted.
 *
 * @throws WaymarkError `key_missing`, `unavailable`, `cancelled`
 */
export async function askVault(
  place: VaultPlace,
  verb: keyof typeof answerOf,
  body: Readonly<Record<string, string>>,
): Promise<string> {
  const called = vaultCalled(place)
  const token = tokenOf(place)
  const namespace = place.namespace ?? process.env['VAULT_NAMESPACE'] ?? ''
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-vault-request': 'true',
    'x-vault-token': token,
  }
  if (namespace !== '') headers['x-vault-namespace'] = namespace
  const judge = (error: unknown) => awayService(called, networkFault(error))
  return askService({ ...place, called, judge }, async signal => {
    const response = await fetch(`${place.address}/v1/${place.mount}/${verb}/${place.key}`, {
      method: 'POST',
      // The token would go along, wherever it leads.
      redirect: 'manual',
      headers,
      body: JSON.stringify(body),
      signal,
    })
    const answer = await jsonOf(response)
    const found = answer?.data?.[answerOf[verb]]
    if (response.status === 200 && typeof found === 'string') return found
    throw refusal(called, response.status, textOf(answer?.errors, [token, ...Object.values(body)]))
  })
}

function tokenOf(place: VaultPlace): string {
  const token = (place.token ?? process.env['VAULT_TOKEN'] ?? '').trim()
  if (/^[!-~]+$/.test(token)) return token
  throw refusedByService(vaultCalled(place), 'there is no token', 'Set VAULT_TOKEN')
}

function refusal(called: string, status: number, said: string): WaymarkError {
  const told = `HTTP ${status}${said === '' ? '' : `, ${said}`}`
  if (/vault is sealed/i.test(said)) return refusedByService(called, `Vault is sealed (${told})`, 'Have Vault unsealed')
  if (status === 403) return refusedByService(called, `permission is denied (${told})`, permit)
  if (status === 404 || status === 405)
    return refusedByService(
      called,
      `there is no such transit engine (${told})`,
      'Look whether address, namespace and mount are right',
    )
  if (status >= 300 && status < 400)
    return refusedByService(called, `it leads to another address (${told})`, 'Give the address of the active Vault')
  // 412: a standby that has not caught up yet.
  if (status >= 400 && status < 500 && status !== 408 && status !== 412 && status !== 429)
    return refusedByService(
      called,
      `the key is another one, was changed, or belongs to another store (${told})`,
      'Give the right one',
    )
  return status === 200 ? wrongAnswer(called) : awayService(called, told)
}

const permit = 'Take a token that is valid and may update MOUNT/encrypt/KEY and MOUNT/decrypt/KEY'

interface VaultAnswer {
  readonly data?: Readonly<Record<string, unknown>> | undefined
  readonly errors?: unknown
}

/** Undefined if it is none: a proxy on the way answers as it likes. */
async function jsonOf(response: Response): Promise<VaultAnswer | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > mostAnswerBytes) return undefined
    parts.push(part)
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'))
    if (!isRecord(parsed)) return undefined
    return { data: isRecord(parsed['data']) ? parsed['data'] : undefined, errors: parsed['errors'] }
  } catch {
    return undefined
  }
}

/** What Vault says of it, in a line, without what was sent. */
function textOf(errors: unknown, secrets: readonly string[]): string {
  if (!Array.isArray(errors)) return ''
  let text = errors.filter(error => typeof error === 'string').join('; ')
  for (const secret of secrets) text = text.replaceAll(secret, '•••')
  return text
    .replaceAll(/[^ -~•]+/g, ' ')
    .trim()
    .slice(0, 300)
}

/** The code alone: the text of an error of `fetch` may hold what was sent. */
function networkFault(error: unknown): string {
  const cause = isRecord(error) && isRecord(error['cause']) ? error['cause'] : error
  const code = isRecord(cause) ? cause['code'] : undefined
  return typeof code === 'string' ? code : 'the connection was lost'
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
