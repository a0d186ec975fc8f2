import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimNames } from '../../src/log/claims.ts'
import type { Ownership } from '../../src/log/log.ts'
import { nameClaims } from '../../src/log/name-claims.ts'
import { WaymarkError } from '../../src/model/errors.ts'
import { newDataKey } from '../../src/seal/data-key.ts'
import { Seals } from '../../src/seal/seals.ts'
import { crashModels, crashState } from '../../src/testing/crash-states.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { bytes, code, diskWithStore, logOn, texts } from './log-on-disk.ts'

const random = seededRandom(9)
const keys = { dataKeys: [newDataKey(random, 0)], nameSecret: random.bytes(32), acceptsPlain: true, generation: 0 }
/** Of a store that held plain segments and claims when its keys were made. */
const seals = new Seals(keys, async () => keys)
const strict = new Seals({ ...keys, acceptsPlain: false }, async () => ({ ...keys, acceptsPlain: false }))

/** A stream that two plain processes wrote, in a store that was sealed then and opened for the first time. */
async function plainStream() {
  const disk = await diskWithStore()
  for (const label of ['a', 'b']) {
    const log = logOn(disk.process(label), { seals: undefined })
    const { ownership } = await log.takeOver('run')
    await log.append(ownership, [bytes(`plain ${label}`)])
  }
  return disk
}

/** As whoever opens the store first after keys were made for it. */
async function openSealed(disk: SimulatedDisk): Promise<void> {
  const files = disk.process('first')
  await files.makeDirectory('/store/keys')
  await nameClaims(files, '/store', seals, true)
}

test('E6 a stream begun in plain is taken over by a sealed process with the next token, and by a second one with the one after that', async () => {
  const disk = await plainStream()
  await openSealed(disk)
  for (const [label, token] of [
    ['c', 3],
    ['d', 4],
  ] as const) {
    const log = logOn(disk.process(label), { seals })
    const { ownership } = await log.takeOver('run')
    assert.equal(ownership.token, token)
    await log.append(ownership, [bytes(`sealed ${label}`)])
  }
  const found = await logOn(disk.process('e'), { seals }).history('run')
  assert.deepEqual(texts(found.records), ['plain a', 'plain b', 'sealed c', 'sealed d'])
})

test('E6 of several sealed processes that take over a plain stream at once, no two hold the same token', async () => {
  const disk = await plainStream()
  await openSealed(disk)
  const labels = ['c', 'd', 'e', 'f']
  const attempts = await Promise.allSettled(labels.map(label => logOn(disk.process(label), { seals }).takeOver('run')))
  // Who was overtaken while at it is told so.
  const owned = attempts.flatMap(attempt => (attempt.status === 'fulfilled' ? [attempt.value.ownership.token] : []))
  for (const attempt of attempts)
    if (attempt.status === 'rejected') assert.ok(code('fenced')(attempt.reason), String(attempt.reason))
  assert.ok(owned.length > 0)
  assert.equal(new Set(owned).size, owned.length)
  assert.ok(Math.min(...owned) > 2)
  const names = claimNames(seals)
  const shards = await disk.process('z').list('/store/claims')
  const claims = await Promise.all(shards.map(shard => disk.process('z').list(`/store/claims/${shard}`)))
  assert.ok(claims.flat().filter(name => name.startsWith(names.nameOf('run'))).length >= labels.length)
})

test('E6 an owner who wrote in plain is refused once a sealed process has taken over', async () => {
  const disk = await plainStream()
  const plain = logOn(disk.process('c'), { seals: undefined })
  const { ownership }: { ownership: Ownership } = await plain.takeOver('run')
  await plain.append(ownership, [bytes('plain c')])
  await openSealed(disk)
  const log = logOn(disk.process('d'), { seals })
  const taken = await log.takeOver('run')
  assert.equal(taken.ownership.token, ownership.token + 1)
  assert.deepEqual(texts(taken.history.records), ['plain a', 'plain b', 'plain c'])
  await plain.append(ownership, [bytes('too late')]).catch(() => {})
  const found = await logOn(disk.process('e'), { seals }).history('run')
  assert.deepEqual(texts(found.records), ['plain a', 'plain b', 'plain c'])
})

test('E6 a process that still has the store open in plain takes nothing from an owner of today: what it claims means nothing', async () => {
  const disk = await plainStream()
  await openSealed(disk)
  const log = logOn(disk.process('c'), { seals })
  const { ownership } = await log.takeOver('run')
  await log.append(ownership, [bytes('one')])
  const refused = async () => {
    throw new WaymarkError('key_missing', { message: 'sealed meanwhile', means: '', remedy: '' })
  }
  const plain = logOn(disk.process('p'), { seals: undefined, mayWrite: refused })
  await assert.rejects(plain.takeOver('run'), code('key_missing'))
  await log.append(ownership, [bytes('two')])
  // Also where the store is opened anew, and claims are looked at again.
  await openSealed(disk)
  const heir = await logOn(disk.process('d'), { seals }).takeOver('run')
  assert.equal(heir.ownership.token, ownership.token + 1)
  assert.deepEqual(texts(heir.history.records), ['plain a', 'plain b', 'one', 'two'])
})

test('E6 X2 a power cut anywhere while claims are given their sealed names leaves every token taken, and done is done', async () => {
  const disk = await plainStream()
  const files = disk.process('first')
  await files.makeDirectory('/store/keys')
  await files.syncDirectory('/store')
  const began = disk.lastOperation
  await nameClaims(files, '/store', seals, true)
  const done = disk.lastOperation
  const states = seededRandom(3)
  for (let cut = began; cut <= done; cut++)
    for (const model of crashModels)
      for (let draw = 0; draw < 4; draw++) {
        const left = crashState(disk, cut, model, states, { tearNextWrite: draw % 2 === 1 })
        const where = `${model} after operation ${cut} of ${done}`
        const isNamed = await left.process('look').exists('/store/keys/claims-named')
        assert.ok(isNamed || cut < done, `${where}: what was done is forgotten`)
        await nameClaims(left.process('again'), '/store', seals, true)
        const { ownership } = await logOn(left.process('heir'), { seals }).takeOver('run')
        assert.equal(ownership.token, 3, where)
      }
})

test('E6 a reader of a store that nobody opened for writing since it was sealed goes by the claims of before', async () => {
  const disk = await plainStream()
  const own = new Seals(keys, async () => keys)
  await nameClaims(disk.process('r'), '/store', own, false)
  assert.deepEqual(texts((await logOn(disk.process('r'), { seals: own }).history('run')).records), ['plain a', 'plain b'])
})

test('E6 a store that accepts no plain segments refuses those of a stream, and goes by no claim under the name of before', async () => {
  const disk = await plainStream()
  assert.equal(claimNames(strict).wasNamed('run'), undefined)
  const log = logOn(disk.process('c'), { seals: strict })
  for (const segment of await log.segments()) await assert.rejects(log.history('run', segment), code('corrupt'))
})
