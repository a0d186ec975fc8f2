import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { open, pipeline, type Store } from 'waymark'
import { encodeSealedHeader, shortBlock } from '../../src/seal/sealed-blocks.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { givenKey } from './given-key.ts'
import { killInTheMiddle } from './plant-secrets.ts'
import { filesIn } from './planted-marks.ts'
import { NoncesSeen } from './sealed-nonces.ts'

const key = givenKey(7)

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-nonces-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** As it goes on from one image of a machine: the same time, the same random numbers. */
const openAgain = (path: string): Promise<Store> =>
  open({ path, key, components: { random: seededRandom(5), clock: new FakeClock() } })

function note(seen: NoncesSeen, path: string, from: string): void {
  for (const file of filesIn(path).values()) seen.add(file, from)
}

async function work(store: Store, text: string): Promise<void> {
  await store.save({ value: { text }, run: 'small' })
  await store.save({ bytes: randomBytes(600_000), run: 'large' })
  const two = pipeline('two', run => run.each('items', [1, 2, 3], n => `${text} ${n}`, { key: n => n, save: { items: 1 } }))
  await two.run({}, { store, runId: 'two' })
}

test('E6 a sealed store that is copied and continued twice, with the same random numbers and at the same time, uses no nonce for two things', async t => {
  const folder = folderOf(t)
  const path = join(folder, 'store')
  const first = await openAgain(path)
  await work(first, 'before')
  await first.fork('two', { runId: 'fork' })
  await first.close()
  const seen = new NoncesSeen()
  note(seen, path, 'before')
  for (const copy of ['a', 'b', 'c']) {
    cpSync(path, join(folder, copy), { recursive: true })
    const store = await open({ path: join(folder, copy), key, components: { random: seededRandom(6), clock: new FakeClock() } })
    await work(store, `copy ${copy}`)
    await store.close()
    note(seen, join(folder, copy), copy)
  }
  assert.deepEqual(seen.reused, [])
  assert.ok(seen.pieces > 50 && seen.shared > 3, `${seen.pieces} pieces, ${seen.shared} keys in several copies`)
})

test('E6 a sealed store uses no nonce for two things over runs that are killed and taken over', t => {
  const folder = folderOf(t)
  const path = join(folder, 'store')
  const secret = join(folder, 'key')
  writeFileSync(secret, '0701'.repeat(16), { mode: 0o600 })
  const seen = new NoncesSeen()
  for (const round of ['first', 'second', 'third']) {
    killInTheMiddle(path, { WAYMARK_KEY: `file:${secret}` })
    note(seen, path, round)
  }
  assert.deepEqual(seen.reused, [])
  assert.ok(seen.pieces > 10, `${seen.pieces}`)
})

test('E6 the search for nonces that are used twice finds one', () => {
  const seen = new NoncesSeen()
  const header = encodeSealedHeader('00112233445566778899', Buffer.alloc(16, 3), shortBlock)
  seen.add(Buffer.concat([header, Buffer.alloc(60, 1)]), 'a')
  seen.add(Buffer.concat([header, Buffer.alloc(12, 1), Buffer.alloc(48, 2)]), 'b')
  assert.equal(seen.reused.length, 1)
})
