import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Checkpoint, type OpenOptions, open, pipeline, type Store } from 'waymark'
import { readWhole } from '../../src/engine/repair-files.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { systemRandom } from '../../src/model/clock.ts'
import { sealedFiles } from '../../src/seal/sealed-files.ts'
import { sealsOfStore } from './seals-of-store.ts'

/** Text that compresses and repeats nothing. */
export const rows = (count: number, changed = -1): object[] =>
  Array.from({ length: count }, (_, i) => ({
    id: i,
    name: `row ${(i * 7919) % 100_003}`,
    at: i === changed ? 'changed' : `t${i * i}`,
  }))

export interface Saved {
  readonly checkpoint: Checkpoint
  readonly value: unknown
}

/** A store with everything in it that can be damaged, closed, and what each of its checkpoints must load as. */
export class DamagedWorld {
  readonly path: string
  readonly saved = new Map<string, Saved>()

  private constructor(path: string) {
    this.path = path
  }

  static async make(t: TestContext, options: Omit<OpenOptions, 'path'> = {}): Promise<DamagedWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-verify-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const world = new DamagedWorld(join(folder, '.waymark'))
    const store = await open({ ...options, path: world.path })
    await world.#fill(store)
    await store.close()
    return world
  }

  /** The same store, somewhere else. */
  copy(): DamagedWorld {
    const other = new DamagedWorld(join(mkdtempSync(join(this.path, '..', 'copy-')), '.waymark'))
    cpSync(this.path, other.path, { recursive: true })
    for (const [name, saved] of this.saved) other.saved.set(name, saved)
    return other
  }

  open(options: Omit<OpenOptions, 'path'> = {}): Promise<Store> {
    return open({ ...options, path: this.path })
  }

  async use<T>(work: (store: Store) => Promise<T>, options: Omit<OpenOptions, 'path'> = {}): Promise<T> {
    const store = await this.open(options)
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  }

  get(name: string): Saved {
    const saved = this.saved.get(name)
    if (saved === undefined) throw new Error(`nothing was saved as ${name}`)
    return saved
  }

  /** Names of the files in a folder of the store, largest first. */
  files(folder: string, ending: string): string[] {
    const names = readdirSync(join(this.path, folder), { recursive: true }).map(String)
    const size = (name: string) => statSync(join(this.path, folder, name)).size
    return names
      .filter(name => name.endsWith(ending) && statSync(join(this.path, folder, name)).isFile())
      .sort((a, b) => size(b) - size(a))
  }

  bytes(file: string): Buffer {
    return readFileSync(join(this.path, file))
  }

  /** What a file says: of a sealed one, which is never sealed twice alike, what was sealed in it. */
  async content(file: string): Promise<Buffer> {
    const { storeId, seals } = await sealsOfStore(this.path)
    const options = seals && { files: nodeFiles, root: this.path, storeId, seals, random: systemRandom }
    const files = options === undefined ? nodeFiles : sealedFiles(options)
    return Buffer.from((await readWhole(files, join(this.path, file))) ?? [])
  }

  write(file: string, bytes: Uint8Array): void {
    writeFileSync(join(this.path, file), bytes)
  }

  flip(file: string, at: number): void {
    const bytes = this.bytes(file)
    const place = at < 0 ? bytes.length + at : at
    bytes.writeUInt8(bytes.readUInt8(place) ^ 0x20, place)
    this.write(file, bytes)
  }

  remove(file: string): void {
    rmSync(join(this.path, file))
  }

  get isSealed(): boolean {
    return existsSync(join(this.path, 'keys'))
  }

  get catalogFile(): string {
    return this.isSealed ? 'catalog.sealed' : 'catalog.sqlite'
  }

  /** Where a text stands in the catalog for the last time; the middle of a sealed one, where none stands. */
  placeInCatalog(text: string): number {
    const bytes = this.bytes(this.catalogFile)
    return this.isSealed ? bytes.length >> 1 : bytes.lastIndexOf(text)
  }

  /** Takes the catalog away, which is only a view. */
  removeCatalog(): void {
    for (const file of this.files('.', '').filter(name => /^catalog\./.test(name))) this.remove(file)
  }

  /** Every file of the store by its path, those of the catalog and those that SQLite and repairs make left out. */
  contents(): Map<string, string> {
    const found = new Map<string, string>()
    for (const name of readdirSync(this.path, { recursive: true }).map(String).sort()) {
      if (/^(aside|leases)|sqlite|catalog|segments/.test(name) || !statSync(join(this.path, name)).isFile()) continue
      found.set(name, this.bytes(name).toString('base64'))
    }
    return found
  }

  async #fill(store: Store): Promise<void> {
    const keep = async (name: string, value: unknown, labels: object = {}) => {
      this.saved.set(name, { checkpoint: await store.save({ value, ...labels }), value })
    }
    await keep('small', { step: 1 }, { run: 'library', stage: 'small' })
    await keep('first', rows(9_000), { run: 'library', stage: 'table' })
    await keep('second', rows(9_000, 4_000), { run: 'library', stage: 'table' })
    await keep('third', rows(9_000, 8_000), { run: 'library', stage: 'table' })
    await keep('noise', randomBytes(700_000), { run: 'library', stage: 'noise' })
    await keep('chosen', { chosen: true, rows: rows(100) }, { id: 'chosen' })
    for (const fails of [true, false])
      await job(fails)
        .run({}, { store })
        .catch(() => {})
  }
}

/** A run that failed once and was taken over: it has a claim. */
export const job = (fails: boolean, called: string[] = []) =>
  pipeline('job', async run => {
    const numbers = run.stage('numbers', () => {
      called.push('numbers')
      return rows(3_000).map((row, id) => ({ ...row, id }))
    })
    const doubled = await run.each('doubled', numbers, row => {
      called.push('doubled')
      return { twice: 2 * row.id, text: 'x'.repeat(50) }
    })
    if (fails) throw new Error('once')
    return { done: doubled.done }
  })
