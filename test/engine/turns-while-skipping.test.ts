import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open, pipeline } from '../../src/index.ts'

const folder = await mkdtemp(join(tmpdir(), 'waymark-turns-'))
after(() => rm(folder, { recursive: true, force: true }))

test('B2 timers and signals get their turn while a resume passes over items that are recorded, and it can be stopped there', async () => {
  const count = 150_000
  let fails = true
  let called = 0
  let looksAt = (_n: number): void => {}
  const job = pipeline('keyed', async run => {
    await run.each(
      'all',
      Array.from({ length: count }, (_, n) => ({ n })),
      ({ n }) => {
        called++
        if (n === count - 1 && fails) throw new Error('not yet')
        return null
      },
      {
        key: ({ n }) => {
          looksAt(n)
          return `key ${n}`
        },
      },
    )
  })
  const store = await open({ path: folder })
  await assert.rejects(job.run({}, { store, durability: 'process' }), /not yet/)
  assert.equal(called, count)

  called = 0
  const stop = new AbortController()
  let turns = 0
  const turn = () => {
    if (++turns === 2) stop.abort()
    else setTimeout(turn, 1)
  }
  let last = 0
  looksAt = n => {
    if (n === 1) setTimeout(turn, 1)
    last = n
  }
  await assert.rejects(job.run({}, { store, durability: 'process', signal: stop.signal }))
  assert.deepEqual({ turns, called }, { turns: 2, called: 0 })
  assert.ok(last < count - 1, 'it went on to the end')

  fails = false
  looksAt = () => {}
  await job.run({}, { store, durability: 'process' })
  assert.equal(called, 1)
  await store.close()
})
