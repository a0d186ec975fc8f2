import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline } from 'waymark'
import { withStore } from './with-store.ts'

test('an item that is called again goes over its own items by key once more: what is recorded of them counts, and no key is met twice', () =>
  withStore(async store => {
    const calls: string[] = []
    let isFirst = true
    const work = pipeline('nested', async run => {
      await run.each(
        'outer',
        ['a', 'b'],
        async (name, ctx) => {
          await ctx.each(
            'inner',
            [1, 2, 3],
            n => {
              calls.push(`${name}${n}`)
              if (n !== 2 || !isFirst) return
              isFirst = false
              throw new Error('once')
            },
            { key: n => n },
          )
        },
        { key: name => name, retry: { attempts: 3, delayMs: 1 } },
      )
    })
    assert.equal((await work.run({}, { store })).state, 'completed')
    assert.deepEqual(calls, ['a1', 'a2', 'a2', 'a3', 'b1', 'b2', 'b3'])
  }))

test('two items of one key are a conflict, also in the pass that is made again', () =>
  withStore(async store => {
    let calls = 0
    const work = pipeline('twice', async run => {
      await run.each(
        'outer',
        ['a'],
        (_, ctx) => {
          calls++
          return ctx.each('inner', ['x', 'y', 'x'], () => {}, { key: name => name })
        },
        { key: name => name, retry: { attempts: 2, delayMs: 1 } },
      )
    })
    await assert.rejects(work.run({}, { store }), /two items of "outer\[a\]\/inner" have the key "x"; the second is item 2/)
    assert.ok(calls >= 1)
  }))
