import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { serialize } from 'node:v8'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type Answers, type CatalogImage, failAt, flipBit, flips, history, tryImage, writeImage } from './damage-trial.ts'
import { questions } from './sample-batches.ts'

const pageSize = 4096
/** One bit of so many bytes is flipped; with WAYMARK_EVERY_DAMAGE=1 one of every 64. */
const stretch = process.env['WAYMARK_EVERY_DAMAGE'] === '1' ? 64 : 448
const folder = mkdtempSync(join(tmpdir(), 'waymark-catalog-damage-'))
const path = join(folder, 'catalog.sqlite')
after(() => rmSync(folder, { recursive: true }))

describe('a catalog file that was closed', () => {
  let states: readonly Answers[] = []
  let images: readonly CatalogImage[] = []
  let last: readonly Answers[] = []
  let database: Uint8Array = new Uint8Array()
  before(async () => {
    ;({ states, images } = await history(folder, 10, 8))
    last = states.slice(-1)
    database = images.at(-1)?.database ?? database
  })

  test('unharmed, it gives every answer', async () => {
    assert.deepEqual(await tryImage(path, { database }, last), { kind: 'clean', state: 0 })
  })

  test('a flipped bit is harmless or reported, never a wrong row or a row less (E3, X8)', async () => {
    let reported = 0
    for (const [at, bit] of flips(database.length, stretch, 1)) {
      const verdict = await tryImage(path, { database: flipBit(database, at, bit) }, last).catch(failAt(`byte ${at}, bit ${bit}`))
      if (verdict.kind === 'reported') reported += 1
    }
    // Much of a small file is used; the rest are holes in its pages (each index begins with one), where a bit means nothing.
    assert.ok(reported > database.length / stretch / 5, `only ${reported} were reported`)
  })

  test('with the check of large files left out, a flipped bit still never makes a wrong row', async () => {
    const known = new Set(Object.values(last[0] ?? {}).flatMap(rowsIn))
    for (const [at, bit] of flips(database.length, 3 * stretch, 2)) {
      const image = { database: flipBit(database, at, bit) }
      await askForWrongRows(image, known).catch(failAt(`byte ${at}, bit ${bit}`))
    }
  })

  test('a page of zeros, a page too many, a cut end or two pages swapped are harmless or reported', async () => {
    for (let at = 0; at < database.length; at += pageSize) {
      const zeroed = Uint8Array.from(database).fill(0, at, at + pageSize)
      const swapped = Uint8Array.from(database)
      swapped.copyWithin(at, at + pageSize, at + 2 * pageSize)
      swapped.set(database.subarray(at, at + pageSize), Math.min(at + pageSize, database.length - pageSize))
      const doubled = Buffer.concat([database, database.subarray(at, at + pageSize)])
      for (const [what, bytes] of Object.entries({ zeroed, swapped, doubled })) {
        await tryImage(path, { database: bytes }, last).catch(failAt(`${what} at ${at}`))
      }
      if (at === 0) continue
      for (const length of [at, at + 512, at - 1]) {
        const verdict = await tryImage(path, { database: database.subarray(0, length) }, last).catch(failAt(`cut to ${length}`))
        assert.equal(verdict.kind, 'reported', `cut to ${length}`)
      }
    }
  })

  test('pages of different ages, as a power cut leaves them, are never taken for one state', async () => {
    const random = seededRandom(3)
    for (let trial = 0; trial < 300; trial++) {
      const older = random.pick(images.slice(5)).database
      const mixed = Uint8Array.from(database)
      const share = random.pick([0.02, 0.1, 0.5])
      for (let at = 0; at < older.length; at += pageSize) {
        if (random.bool(share)) mixed.set(older.subarray(at, at + pageSize), at)
      }
      await tryImage(path, { database: mixed }, states).catch(failAt(`trial ${trial}`))
    }
  })

  test('an old copy put back is an old state as a whole: its marks and heads say so (X8)', async () => {
    for (const [index, image] of images.entries()) {
      assert.deepEqual(await tryImage(path, image, states), { kind: 'clean', state: index })
      if (index > 0) assert.notDeepEqual(states[index]?.['marks'], states[index - 1]?.['marks'])
    }
  })

  test('what is no catalog is reported: noise, text, a folder, another database, another version', async () => {
    const noise = Buffer.from(seededRandom(4).bytes(20_000))
    for (const bytes of [noise, Buffer.from('not a database'), Buffer.alloc(8192)]) {
      assert.deepEqual(await tryImage(path, { database: bytes }, []), { kind: 'reported', state: -1 })
    }
    for (const sql of ['CREATE TABLE run (id)', 'PRAGMA user_version = 1', 'PRAGMA application_id = 7']) {
      const foreign = join(folder, 'foreign.sqlite')
      rmSync(foreign, { force: true })
      const other = new DatabaseSync(foreign)
      other.exec(sql)
      other.close()
      assert.deepEqual(await tryImage(path, { database: readFileSync(foreign) }, []), { kind: 'reported', state: -1 })
    }
    mkdirSync(join(folder, 'folder.sqlite'))
    await assert.rejects(openSqliteCatalog(join(folder, 'folder.sqlite')), { code: 'corrupt' })
  })
})

/** Every row in an answer, in a form that is the same for equal rows only. */
function rowsIn(answer: unknown): readonly string[] {
  if (Array.isArray(answer)) return answer.flatMap(rowsIn)
  return typeof answer === 'object' && answer !== null ? [serialize(answer).toString('latin1')] : []
}

async function askForWrongRows(image: CatalogImage, known: ReadonlySet<string>): Promise<void> {
  writeImage(path, image)
  try {
    const catalog = await openSqliteCatalog(path, { checkedUpToBytes: 0 })
    try {
      for (const [name, ask] of Object.entries(questions)) {
        try {
          for (const row of rowsIn(await ask(catalog))) if (!known.has(row)) assert.fail(`a wrong row for "${name}": ${row}`)
        } catch (error) {
          if (!isWaymarkError(error, 'corrupt')) throw error
        }
      }
    } finally {
      await catalog.close()
    }
  } catch (error) {
    if (!isWaymarkError(error, 'corrupt')) throw error
  }
}
