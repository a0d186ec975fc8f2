import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChunkList } from '../../src/chunks/chunk-list.ts'
import type { SavedBytes } from '../../src/chunks/chunk-store.ts'
import { Parents } from '../../src/engine/parents.ts'
import { coreOf } from '../../src/engine/store.ts'
import { withStore } from './with-store.ts'

const lineage = { run: 'r', stage: 's', type: 'state' }

test('[E5] nothing stands on a checkpoint before its record is there, nor on one that a repair may have taken away meanwhile', () =>
  withStore(async store => {
    const { chunks, feed, log } = coreOf(store)
    const parents = new Parents({ chunks, feed, log })
    const saved: SavedBytes = {
      content: { kind: 'chunks', manifest: new Uint8Array() },
      digest: '',
      logicalBytes: 0,
      storedBytes: 0,
      chunks: new ChunkList(),
      lists: undefined,
      standsOnParent: false,
      remember: [],
    }
    let holds = true
    parents.saved('one', lineage, saved, () => holds, undefined)
    assert.equal(parents.newest(lineage), undefined)
    assert.equal(await parents.find(lineage), undefined)
    parents.recorded('one', { segment: 'x', offset: 1, length: 1 })
    assert.equal(parents.newest(lineage)?.id, 'one')
    parents.saved('two', lineage, saved, () => holds, undefined)
    holds = false
    parents.recorded('two', { segment: 'x', offset: 2, length: 1 })
    assert.equal(parents.newest(lineage)?.id, 'one')
  }))

test('[E5] of checkpoints without run and stage only one whose bytes are used is named as the parent', () =>
  withStore(async store => {
    const texts = (name: string) => Array.from({ length: 3_000 }, (_, at) => `${name} ${Math.sin(at)}`)
    const prices = texts('price')
    await store.save({ id: 'first', value: prices })
    await store.save({ id: 'unrelated', value: texts('flight').reverse() })
    await store.save({ id: 'changed', value: texts('flight').reverse().with(1_500, 'another') })
    await store.save({ id: 'labelled', stage: 'load', value: prices })
    await store.save({ id: 'next', stage: 'load', value: texts('another').reverse() })
    const parents = await Promise.all(['first', 'unrelated', 'changed', 'next'].map(async id => (await store.info(id)).parent))
    assert.deepEqual(parents, [undefined, undefined, 'unrelated', 'labelled'])
  }))
