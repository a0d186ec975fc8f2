import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { inspect, isDeepStrictEqual } from 'node:util'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { openSqliteCatalog, type SqliteCatalogOptions } from '../../src/catalog/sqlite-catalog.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { anyState, questions, sampleBatches } from './sample-batches.ts'

/** The bytes of a catalog, as a crash or a backup leaves them. */
export interface CatalogImage {
  readonly database: Uint8Array
  readonly log?: Uint8Array
}

/** Answer to each of {@link questions}. */
export type Answers = Readonly<Record<string, unknown>>

export async function answersOf(catalog: Catalog): Promise<Answers> {
  const answers: Record<string, unknown> = {}
  for (const [name, ask] of Object.entries(questions)) answers[name] = await ask(catalog)
  return answers
}

const print = (value: unknown): string =>
  inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: Number.POSITIVE_INFINITY })

/** `clean`: every answer is one of the same known state. `reported`: at least one asked for a rebuild, and the others belong to one state. */
export interface Verdict {
  readonly kind: 'clean' | 'reported'
  /** Index of the state in `states`; the newest that fits. -1 if there was no answer at all. */
  readonly state: number
}

/** Opens the image and asks everything; fails if an answer is neither right for one of the known states nor a report of damage. */
export async function tryImage(
  path: string,
  image: CatalogImage,
  states: readonly Answers[],
  options?: SqliteCatalogOptions,
): Promise<Verdict> {
  writeImage(path, image)
  let fitting = states.map((_, index) => index)
  let reported = false
  const expectReport = (error: unknown): void => {
    if (!isWaymarkError(error, 'corrupt') || error.details['catalog'] !== true) throw error
    reported = true
  }
  let catalog: Catalog
  try {
    catalog = await openSqliteCatalog(path, options)
  } catch (error) {
    expectReport(error)
    return { kind: 'reported', state: -1 }
  }
  try {
    for (const [name, ask] of Object.entries(questions)) {
      try {
        const answer = await ask(catalog)
        fitting = fitting.filter(index => isDeepStrictEqual(states[index]?.[name], answer))
        if (fitting.length === 0) assert.fail(`a wrong answer to "${name}": ${print(answer)}`)
      } catch (error) {
        expectReport(error)
      }
    }
  } finally {
    await catalog.close().catch(expectReport)
  }
  return { kind: reported ? 'reported' : 'clean', state: fitting.at(-1) ?? -1 }
}

export function writeImage(path: string, image: CatalogImage): void {
  for (const part of ['-wal', '-shm']) rmSync(path + part, { force: true })
  writeFileSync(path, image.database)
  if (image.log !== undefined) writeFileSync(`${path}-wal`, image.log)
}

export function flipBit(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
  return flipped
}

/** One random bit of every stretch. */
export function* flips(length: number, stretch: number, seed: number): Generator<readonly [at: number, bit: number]> {
  const random = seededRandom(seed)
  for (let at = 0; at < length; at += stretch) yield [at + random.integer(Math.min(stretch, length - at)), random.integer(8)]
}

export function failAt(where: string): (error: unknown) => never {
  return error => {
    throw new Error(where, { cause: error })
  }
}

let files = 0
const newFile = (folder: string): string => join(folder, `source-${++files}.sqlite`)

/** The state after each batch, from none on, and the file after each batch as a clean close leaves it. */
export async function history(
  folder: string,
  size: number,
  perBatch: number,
): Promise<{ states: readonly Answers[]; images: readonly CatalogImage[] }> {
  const source = newFile(folder)
  const states: Answers[] = []
  const images: CatalogImage[] = []
  for (const batch of [[], ...sampleBatches(size, perBatch)]) {
    const catalog = await openSqliteCatalog(source)
    await catalog.apply(batch, anyState)
    states.push(await answersOf(catalog))
    await catalog.close()
    images.push({ database: readFileSync(source) })
  }
  return { states, images }
}

/** The files of a process that died after all batches; `copiedBack`: SQLite had copied its log into the database but not yet begun it anew. */
export async function crashed(folder: string, size: number, perBatch: number, copiedBack: boolean): Promise<CatalogImage> {
  const source = newFile(folder)
  await (await openSqliteCatalog(source)).close()
  const catalog = await openSqliteCatalog(source)
  for (const batch of sampleBatches(size, perBatch)) await catalog.apply(batch, anyState)
  if (copiedBack) {
    const other = new DatabaseSync(source)
    other.exec('PRAGMA wal_checkpoint(PASSIVE)')
    other.close()
  }
  const image = { database: readFileSync(source), log: readFileSync(`${source}-wal`) }
  await catalog.close()
  return image
}
