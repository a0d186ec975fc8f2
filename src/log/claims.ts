import { createHash } from 'node:crypto'
import zlib from 'node:zlib'
import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import { readStart } from '../files/read-start.ts'
import type { Seals } from '../seal/seals.ts'

/** No claim says more. */
const mostContent = 256

/** How streams are called in the names of their claims. */
export interface ClaimNames {
  readonly nameOf: (stream: string) => string
  /** How the claims were called before the store was sealed, where those count as well. */
  readonly wasNamed: (stream: string) => string | undefined
}

/** As they are; in a sealed store, so that they cannot be read. */
export const claimNames = (seals: Seals | undefined): ClaimNames => ({
  nameOf: stream => seals?.name('stream', stream) ?? stream,
  wasNamed: stream => (seals?.takesPlainClaims === true ? stream : undefined),
})

/**
 * Claims decide who may write a stream: `claims/<shard>/<stream>.<n>`, created only if absent; n is the fencing token. They are
 * contiguous and stay as long as the stream does. Token 1 of a stream with a random id needs none.
 */
export class Claims {
  readonly #files: FileSystem
  readonly #root: string
  readonly #names: ClaimNames
  /** Folders whose own names are durable. */
  readonly #durableShards = new Set<string>()

  constructor(files: FileSystem, root: string, names: ClaimNames = claimNames(undefined)) {
    this.#files = files
    this.#root = root
    this.#names = names
  }

  of(stream: string): StreamClaims {
    const before = this.#names.wasNamed(stream)
    return this.named(this.#names.nameOf(stream), before === undefined ? undefined : this.named(before))
  }

  /** Of the stream whose claims are named so. */
  named(name: string, before?: StreamClaims): StreamClaims {
    const shard = `${this.#root}/${createHash('sha256').update(name).digest('hex').slice(0, 2)}`
    return new StreamClaims(this.#files, shard, name, () => this.#makeShard(shard), before)
  }

  async #makeShard(shard: string): Promise<void> {
    if (this.#durableShards.has(shard)) return
    await this.#files.makeDirectory(shard)
    // Whoever made it, its name must be durable before a claim in it is relied on.
    await this.#files.syncDirectory(this.#root)
    this.#durableShards.add(shard)
  }
}

/** The claims of one stream. */
export class StreamClaims {
  readonly #files: FileSystem
  readonly #shard: string
  readonly #prefix: string
  readonly #makeShard: () => Promise<void>
  readonly #before: StreamClaims | undefined

  /** @param before the claims of the same stream under another name */
  constructor(files: FileSystem, shard: string, name: string, makeShard: () => Promise<void>, before?: StreamClaims) {
    this.#files = files
    this.#shard = shard
    this.#prefix = `${name}.`
    this.#makeShard = makeShard
    this.#before = before
  }

  /** Path of a claim, whether it is there or not: for who looks at the files themselves. */
  path(token: number): string {
    return this.#path(token)
  }

  async exists(token: number): Promise<boolean> {
    // Under the name before first: a claim is renamed from that one to the other, never back.
    return (await this.#before?.exists(token)) === true || this.#files.exists(this.#path(token))
  }

  /**
   * The highest claim there is; 0 if there is none. Listed, not probed one after another: of several claims that were not yet
   * durable a power cut may take an earlier one and leave a later.
   */
  async highest(): Promise<number> {
    return Math.max((await this.#before?.highest()) ?? 0, ...(await this.#tokens()))
  }

  /** Makes of each claim under the earlier name one under this name, durable when it resolves. */
  async copyEarlier(): Promise<void> {
    const before = this.#before
    const tokens = before === undefined ? [] : await before.#tokens()
    if (before === undefined || tokens.length === 0) return
    await this.#makeShard()
    for (const token of tokens) await this.#create(token, await before.#segmentHere(token)).catch(ignoreExisting)
    await this.makeDurable()
  }

  /** Removes the claims under the earlier name; resolves with how many there were. */
  async removeEarlier(): Promise<number> {
    const before = this.#before
    const tokens = before === undefined ? [] : await before.#tokens()
    if (before === undefined || tokens.length === 0) return 0
    for (const token of tokens) await this.#files.remove(before.#path(token))
    await before.makeDurable()
    return tokens.length
  }

  async #tokens(): Promise<readonly number[]> {
    const tokens: number[] = []
    for (const name of await this.#names()) {
      const token = name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : ''
      if (/^[1-9][0-9]*$/.test(token)) tokens.push(Number(token))
    }
    return tokens
  }

  /**
   * Takes a token for a segment, whose header must be durable; false if somebody has it already. Whoever holds the token writes
   * under it in that segment and nowhere else. Nothing may be written before `makeDurable`.
   */
  async take(token: number, segment: string): Promise<boolean> {
    if ((await this.#before?.exists(token)) === true) return false
    await this.#makeShard()
    try {
      await this.#create(token, segment)
      return true
    } catch (error) {
      if (fileErrorCode(error) === 'EEXIST') return false
      throw error
    }
  }

  async #create(token: number, segment: string | undefined): Promise<void> {
    const file = await this.#files.open(this.#path(token), 'create')
    const content = segment === undefined ? '' : `${segment} ${this.#sum(token, segment)}\n`
    // The content saves a search, no more: a full disk must not waste a token that is ours.
    await file.write(Buffer.from(content, 'latin1'), 0).catch(() => {})
    await file.close().catch(() => {})
  }

  /** Before anything is written under a token: else a power cut takes the claim and two owners hold one token. */
  makeDurable(): Promise<void> {
    return this.#files.syncDirectory(this.#shard)
  }

  /** The segment for which a token was taken, if the claim is there and its content survived. */
  async segment(token: number): Promise<string | undefined> {
    return (await this.#before?.segment(token)) ?? (await this.#segmentHere(token))
  }

  async #segmentHere(token: number): Promise<string | undefined> {
    const content = await readStart(this.#files, this.#path(token), mostContent)
    const [segment, sum] = content?.toString('latin1').trimEnd().split(' ') ?? []
    return segment !== undefined && sum === this.#sum(token, segment) ? segment : undefined
  }

  #path(token: number): string {
    return `${this.#shard}/${this.#prefix}${token}`
  }

  /** Over the name too: the content of another claim says nothing about this one. */
  #sum(token: number, segment: string): string {
    return zlib.crc32(`${this.#prefix}${token} ${segment}`).toString(16)
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await this.#files.list(this.#shard)
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') return []
      throw error
    }
  }
}

function ignoreExisting(error: unknown): void {
  if (fileErrorCode(error) !== 'EEXIST') throw error
}
