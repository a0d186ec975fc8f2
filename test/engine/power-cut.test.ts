import assert from 'node:assert/strict'
import { ignoring } from '../../src/testing/faulty-files.ts'
import { simulateStore } from '../../src/testing/store-simulation.ts'
import { threadTest as test } from '../thread-test.ts'

test('A3 X2 X3 a power cut at any operation loses nothing acknowledged, and the run goes on to the same end [pitfall 18]', async () => {
  for (const seed of [1, 2]) assert.equal(await simulateStore({ seed, states: 120 }), 120)
})

test('B16 where runs ask for less than `power`, a power cut takes an end of them, never a part in the middle, and nothing else', async () => {
  for (const durability of ['process', 'exit'] as const)
    assert.equal(await simulateStore({ seed: 7, states: 60, durability }), 60)
})

/** Each sync the code makes on the way to an acknowledgement: where, and how the loss shows. */
const syncs = [
  { what: 'the sync of a segment', kind: 'sync', path: /\/segments\/[^/]+\.seg$/ },
  { what: 'the sync of the folder of segments', kind: 'syncDirectory', path: /\/segments$/ },
  { what: 'the sync of a pack', kind: 'sync', path: /\/packs\/[^/]+\.tmp$/ },
  { what: 'the sync of the folder of packs', kind: 'syncDirectory', path: /\/packs$/ },
  { what: 'the sync of an output', kind: 'sync', path: /\/out\// },
  { what: 'the sync of the folder of an output', kind: 'syncDirectory', path: /\/out$/ },
  { what: 'the sync of the store’s descriptor', kind: 'sync', path: /waymark\.json$/ },
  { what: 'the sync of the store’s folder', kind: 'syncDirectory', path: /\/\.waymark$/ },
  { what: 'the sync of the folder the store is in', kind: 'syncDirectory', path: /^\/disk$/ },
] as const

for (const { what, kind, path } of syncs) {
  test(`without ${what} the simulation goes red (R2)`, async () => {
    await assert.rejects(
      simulateStore({
        seed: 1,
        states: 600,
        wrap: files => ignoring(files, operation => operation.kind === kind && path.test(operation.path)),
      }),
      /seed 1, /,
    )
  })
}
