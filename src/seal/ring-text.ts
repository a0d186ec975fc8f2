import { WaymarkError } from '../model/errors.ts'
import type { LockedRing } from './key-ring.ts'
import { masterId } from './master-pair.ts'

const form = 2

/** The text of `keys/ring.<generation>.json` (published in `docs/format-sealed.md`). */
export function encodeRing(ring: LockedRing): string {
  const masters = ring.masters.map(({ publicKey, proof, lock, ...master }) => ({
    ...master,
    publicKey: base64(publicKey),
    proof: base64(proof),
    lock: { ephemeral: base64(lock.ephemeral), sealed: base64(lock.sealed) },
  }))
  const { storeId, generation, acceptsPlain } = ring
  const text = {
    form,
    storeId,
    generation,
    acceptsPlain,
    masters,
    salt: base64(ring.salt),
    secrets: base64(ring.secrets),
    mac: base64(ring.mac),
  }
  return `${JSON.stringify(text, null, 2)}\n`
}

/**
 * Undefined if it is not the whole text of a ring: its maker did not finish, or it is damaged. What it says is proved by its MAC, and by the proof of the master key that opens it.
 *
 * @throws WaymarkError `unsupported` if it is a ring of another version
 */
export function decodeRing(text: string): LockedRing | undefined {
  let ring: unknown
  try {
    ring = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(ring) || !Array.isArray(ring['masters'])) return undefined
  if (typeof ring['form'] === 'number' && ring['form'] !== form) throw otherForm(ring['form'])
  const { storeId, generation, acceptsPlain } = ring
  const masters = ring['masters'].map(masterIn)
  const [salt, secrets, mac] = [bytesIn(ring['salt']), bytesIn(ring['secrets']), bytesIn(ring['mac'])]
  if (typeof storeId !== 'string' || typeof generation !== 'number' || typeof acceptsPlain !== 'boolean') return undefined
  if (salt === undefined || secrets === undefined || mac === undefined) return undefined
  const whole = masters.filter(master => master !== undefined)
  return whole.length === masters.length ? { storeId, generation, acceptsPlain, masters: whole, salt, secrets, mac } : undefined
}

function masterIn(value: unknown): LockedRing['masters'][number] | undefined {
  if (!isRecord(value) || !isRecord(value['lock']) || !isRecord(value['settings'])) return undefined
  const { id, kind, name, createdAt, settings, lock } = value
  const [publicKey, proof] = [bytesIn(value['publicKey']), bytesIn(value['proof'])]
  const [ephemeral, sealed] = [bytesIn(lock['ephemeral']), bytesIn(lock['sealed'])]
  if (typeof id !== 'string' || typeof kind !== 'string' || typeof name !== 'string' || typeof createdAt !== 'number')
    return undefined
  if (publicKey?.length !== 32 || proof?.length !== 32 || ephemeral?.length !== 32 || sealed === undefined) return undefined
  if (masterId(publicKey) !== id) return undefined
  const said: Record<string, string | number> = {}
  for (const [key, setting] of Object.entries(settings)) {
    if (typeof setting !== 'string' && typeof setting !== 'number') return undefined
    said[key] = setting
  }
  return { id, kind, name, createdAt, publicKey, settings: said, proof, lock: { ephemeral, sealed } }
}

const otherForm = (found: number): WaymarkError =>
  new WaymarkError('unsupported', {
    message: `the key ring of the store is of form ${found}, and this version of waymark knows form ${form}`,
    means:
      found < form
        ? 'Nothing was read or written. It does not prove that it was made by somebody with a key of the store, so it is not believed.'
        : 'Nothing was read or written.',
    remedy: `Use the version of waymark that made it${found < form ? ', and save what it holds into a new store' : ', or a newer one'}.`,
    details: { form: found },
  })

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const bytesIn = (value: unknown): Buffer | undefined => (typeof value === 'string' ? Buffer.from(value, 'base64') : undefined)

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
