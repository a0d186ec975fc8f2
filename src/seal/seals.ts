import { type DataKey, derive } from './data-key.ts'
import { HmacKey } from './hmac-key.ts'
import type { KeyRing } from './key-ring.ts'

const nameAlphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const nameLength = 26

/** What of a ring a store is read and written with. */
export type OpenedKeys = Pick<KeyRing, 'dataKeys' | 'nameSecret' | 'acceptsPlain' | 'generation'>

/** What a sealed store is read and written with, while somebody has it open. */
export class Seals {
  readonly #names: HmacKey
  readonly #readAgain: () => Promise<OpenedKeys>
  readonly #isThere: (generation: number) => Promise<boolean>
  #generation: number
  #keys: readonly DataKey[]
  #current: DataKey
  #acceptsPlain: boolean
  #takesPlainClaims = false

  /**
   * @param readAgain the ring as it is now: another process may have added a key
   * @param isThere whether the file of the ring of this generation is there: whoever changes the ring removes it
   */
  constructor(
    keys: OpenedKeys,
    readAgain: () => Promise<OpenedKeys>,
    isThere: (generation: number) => Promise<boolean> = async () => true,
  ) {
    this.#names = new HmacKey(derive(keys.nameSecret, new Uint8Array(0), 'waymark/names/1', 32))
    this.#readAgain = readAgain
    this.#isThere = isThere
    this.#generation = keys.generation
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

  /** Claims count under the names from before the store was sealed too. */
  get takesPlainClaims(): boolean {
    return this.#takesPlainClaims
  }

  /** For a reader of a store whose claims nobody has named anew yet. */
  alsoTakePlainClaims(): void {
    this.#takesPlainClaims = true
  }

  /** The data key of this id; looks again whether another process has added it. */
  async find(id: string): Promise<DataKey | undefined> {
    const known = this.#keys.find(key => key.id === id)
    if (known !== undefined) return known
    await this.refresh()
    return this.#keys.find(key => key.id === id)
  }

  /**
   * Takes over a change of the ring, if there was one: costs a look for one file. A change that was durable before this was called is known when it resolves.
   *
   * @throws WaymarkError `key_missing` if the master key was taken away since, `corrupt`, `unavailable`
   */
  async settle(): Promise<void> {
    if (!(await this.#isThere(this.#generation))) await this.refresh()
  }

  /** Takes over what another process has changed. */
  async refresh(): Promise<void> {
    const keys = await this.#readAgain()
    this.#generation = keys.generation
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
    return this.#names.digest(Buffer.from(`${kind}\0`), typeof name === 'string' ? Buffer.from(name) : name)
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
