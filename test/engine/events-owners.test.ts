import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'waymark'
import { encodeRunRecord } from '../../src/engine/record-codec.ts'
import { coreOf } from '../../src/engine/store.ts'
import { EventPack } from '../../src/model/packed-events.ts'
import { storeOfTest } from './store-of-test.ts'

const created = encodeRunRecord({ type: 'run.created', time: 1, pipeline: 'p', params: {}, paramsDigest: '' })

/** A record with one event. */
function recorded(n: number): Uint8Array {
  const pack = new EventPack()
  pack.add({ type: 'e', time: 100 + n, status: 'info', stage: '', item: undefined, json: JSON.stringify({ n }) })
  return encodeRunRecord(pack.record(100 + n, 1))
}

for (const [when, asks] of [
  ['asked all along', true],
  ['asked in the end', false],
] as const)
  test(`A9 what an owner wrote that had been superseded is not among the events, ${when}`, async t => {
    const { store: first, folder } = await storeOfTest(t)
    const second = await open(join(folder, '.waymark'))
    const reader = await open({ path: join(folder, '.waymark'), readOnly: true })
    t.after(async () => {
      await second.close()
      await reader.close()
    })
    const numbers = async (): Promise<readonly unknown[]> =>
      (await reader.events({ type: 'e' })).events.map(({ metadata }) => metadata['n'])
    const look = async (expected: readonly number[]): Promise<void> => {
      if (asks) assert.deepEqual(await numbers(), expected)
    }
    const [one, two] = [coreOf(first).log, coreOf(second).log]
    const own = await one.create('run')
    const [position] = await one.append(own, [created, recorded(1)])
    // Proven durable by the next batch.
    await one.append(own, [recorded(2)], 'process')
    await look([1, 2])
    const { ownership } = await two.takeOver('run', position?.segment)
    await look([1, 2])
    await assert.rejects(one.append(own, [recorded(3)]), { code: 'fenced' })
    await look([1, 2])
    await two.append(ownership, [recorded(4)])
    // The copies of what was not proven are what lasts.
    assert.deepEqual(await numbers(), [1, 2, 4])
    const held: unknown[] = []
    for await (const event of reader.eachEvent({ run: 'run', pipeline: 'p' })) held.push(event.metadata['n'])
    assert.deepEqual(held, [1, 2, 4])
    assert.deepEqual((await second.events({ type: 'e' })).events.length, 3)
  })
