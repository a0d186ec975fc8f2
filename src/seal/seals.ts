import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { type DataKey, derive } from './data-key.ts'
import type { KeyRing } from './key-ring.ts'

const nameAlphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const nameLength = 26

/** What of a ring a store is read and written with. */
export type OpenedKeys = Pick<KeyRing, 'dataKeys' | 'nameSecret' | 'acceptsPlain'>

/** What a sealed store is read and written with, while somebody has it open. */
export class Seals {
  readonly #names: KeyObject
  readonly #readAgain: () => Promise<OpenedKeys>
  #keys: readonly DataKey[]
  #current: DataKey
  #acceptsPlain: boolean

  /** @param readAgain the ring as it is now: another process may have added a key */
  constructor(keys: OpenedKeys, readAgain: () => Promise<OpenedKeys>) {
    this.#names = createSecretKey(derive(keys.nameSecret, new Uint8Array(0), 'waymark/names/1', 32))
    this.#readAgain = readAgain
    this.#keys = keys.dataKeys
    this.#current = newestOf(keys)
    this.#acceptsPlain = keys.acceptsPlain
  }

  /** Seals what is written from now on. */
  get current(): DataKey {
    return this.#current
  }

  /** There may be files from before the store was sealed. */
  get acceptsPlain(): boolean {
    return this.#acceptsPlain
  }

  /** The data key of this id; looks again whether another process has added it. */
  async find(id: string): Promise<DataKey | undefined> {
    const known = this.#keys.find(key => key.id === id)
    if (known !== undefined) return known
    await this.refresh()
    return this.#keys.find(key => key.id === id)
  }

  /** Takes over what another process has changed. */
  async refresh(): Promise<void> {
    const keys = await this.#readAgain()
    this.#keys = keys.dataKeys
    this.#current = newestOf(keys)
    this.#acceptsPlain = keys.acceptsPlain
  }

  /**
   * What stands in place of a name where it can be seen: the same for the same name, and nobody without the keys can tell which one it is. 26 characters.
   *
   * @param kind what is named, so that a run and a chunk of the same name differ
   */
  name(kind: string, name: string | Uint8Array): string {
    const digest = this.nameBytes(kind, name)
    let text = ''
    for (let i = 0; i < nameLength; i++) text += nameAlphabet[bitsAt(digest, i * 5)]
    return text
  }

  /** As {@link name}, as 32 bytes. */
  nameBytes(kind: string, name: string | Uint8Array): Buffer {
    return createHmac('sha256', this.#names).update(`${kind}\0`).update(name).digest()
  }
}

function newestOf({ dataKeys }: OpenedKeys): DataKey {
  const newest = dataKeys.at(-1)
  if (newest === undefined) throw new TypeError('a sealed store has a data key')
  return newest
}

/** Five bits of `bytes` from bit `at` on. */
function bitsAt(bytes: Buffer, at: number): number {
  const pair = (bytes.readUInt8(at >> 3) << 8) | bytes.readUInt8((at >> 3) + 1)
  return (pair >> (11 - (at & 7))) & 31
}
