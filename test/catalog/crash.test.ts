import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Answers, type CatalogImage, crashed, failAt, flipBit, flips, history, tryImage } from './damage-trial.ts'

const folder = mkdtempSync(join(tmpdir(), 'waymark-catalog-crash-'))
const path = join(folder, 'catalog.sqlite')
after(() => rmSync(folder, { recursive: true }))

describe('a catalog whose process died', () => {
  for (const copiedBack of [false, true]) {
    const size = 3
    const how = copiedBack ? 'already copied into the database' : 'not yet copied into the database'
    let states: readonly Answers[] = []
    let image: CatalogImage = { database: new Uint8Array() }
    const logOf = (): Uint8Array => image.log ?? new Uint8Array()
    before(async () => {
      states = (await history(folder, size, 1)).states
      image = await crashed(folder, size, 1, copiedBack)
    })

    test(`with its log ${how}, it gives every answer`, async () => {
      assert.deepEqual(await tryImage(path, image, states), { kind: 'clean', state: size })
    })

    test(`a bit flipped in a log ${how} is reported, or the state is an older one as a whole (E3)`, async () => {
      const seen = new Set<string>()
      for (const [at, bit] of flips(logOf().length, 1_024, 5)) {
        const damaged = { ...image, log: flipBit(logOf(), at, bit) }
        const verdict = await tryImage(path, damaged, states).catch(failAt(`byte ${at}, bit ${bit}`))
        seen.add(verdict.kind === 'clean' ? `state ${verdict.state}` : 'reported')
      }
      // Proof that the trials reached both outcomes that matter: SQLite silently going back, and pages of two ages.
      if (copiedBack) assert.ok(seen.has('reported'), [...seen].join())
      else assert.ok(seen.has('state 1'), [...seen].join())
    })

    test(`a bit flipped in a database beside a log ${how} is harmless or reported`, async () => {
      for (const [at, bit] of flips(image.database.length, 1_024, 6)) {
        const damaged = { ...image, database: flipBit(image.database, at, bit) }
        await tryImage(path, damaged, states.slice(-1)).catch(failAt(`byte ${at}, bit ${bit}`))
      }
    })

    test(`a log ${how} that is cut, lost or of another catalog is reported, or the state is an older one as a whole`, async () => {
      for (let length = 0; length < logOf().length; length += 16_381) {
        await tryImage(path, { ...image, log: logOf().subarray(0, length) }, states).catch(failAt(`cut to ${length}`))
      }
      await tryImage(path, { database: image.database }, states)
    })
  }
})
