import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError } from '../../src/model/errors.ts'
import { type CallbackRow, callback } from '../../src/outputs/callback-target.ts'
import { complete, noProgress, outputContext, outputItem, save } from './output-world.ts'

const context = outputContext('/nowhere')

test('X3 a callback gets the results of each save with their keys, and counts them once it has taken them', async () => {
  const calls: (readonly CallbackRow<number>[])[] = []
  const target = callback<number>(async rows => void calls.push(rows), { name: 'crm' })
  const { output } = await target.open(context, await target.begin(context))
  output.add(10, outputItem(0, 'a'))
  output.add(20, outputItem(1))
  assert.deepEqual(await save(output), { kind: 'callback', path: 'crm', count: 2 })
  await save(output)
  output.add(30, outputItem(2))
  assert.deepEqual(await complete(output), { kind: 'callback', path: 'crm', count: 3 })
  assert.deepEqual(calls, [
    [
      { value: 10, index: 0, key: 'a', idempotencyKey: 'key-a' },
      { value: 20, index: 1, key: undefined, idempotencyKey: 'key-1' },
    ],
    [{ value: 30, index: 2, key: undefined, idempotencyKey: 'key-2' }],
  ])
})

test('X3 what a callback did not take is not counted, and its own error is the cause', async () => {
  const cause = new Error('503 from the service')
  const target = callback(() => Promise.reject(cause), { name: 'crm' })
  const { output } = await target.open(context, await target.begin(context))
  output.add(1, outputItem(0))
  const refused = (error: unknown) =>
    isWaymarkError(error, 'failed') && error.cause === cause && /crm did not take 1 result: 503/.test(error.message)
  await assert.rejects(output.flush(noProgress), refused)
  assert.deepEqual(output.position, { kind: 'callback', path: 'crm', count: 0 })
  assert.throws(() => output.add(2, outputItem(1)), refused)
  await assert.rejects(output.flush(noProgress), refused)
})

test('a callback’s results wait by what they take, however large a value is', async () => {
  const target = callback(() => {})
  const { output } = await target.open(context, await target.begin(context))
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const values: readonly (readonly [value: unknown, least: number, most: number])[] = [
    [1, 100, 1_000],
    ['x'.repeat(1 << 20), 1 << 20, 2 << 20],
    [{ id: 7, body: 'x'.repeat(1 << 20) }, 1 << 20, 2 << 20],
    [{ pages: [new Uint8Array(1 << 20)] }, 1 << 20, 2 << 20],
    [Array.from({ length: 100_000 }, (_, i) => i), 100_000, 2 << 20],
    [Array.from({ length: 5_000 }, () => ({ text: 'x'.repeat(1_000) })), 4 << 20, 8 << 20],
    [new Map([['a', 'x'.repeat(1 << 20)]]), 1 << 20, 2 << 20],
    [circle, 100, 10_000],
    [
      {
        get broken() {
          throw new Error('no')
        },
      },
      100,
      1_000,
    ],
  ]
  for (const [value, least, most] of values) {
    output.add(value, outputItem(0))
    const { pendingBytes } = output
    assert.ok(pendingBytes >= least && pendingBytes <= most, `${pendingBytes} bytes, not ${least} to ${most}`)
    await save(output)
    assert.equal(output.pendingBytes, 0)
  }
})

test('a callback under another name does not go on with the results of the first', async () => {
  const target = callback(() => {}, { name: 'crm' })
  await assert.rejects(target.open(context, { kind: 'callback', path: 'erp', count: 3 }), error =>
    isWaymarkError(error, 'conflict'),
  )
})

test('options of any type but the right one are invalid, in a sentence', () => {
  for (const given of [[], ['x'], [() => {}, { name: 7 }], [() => {}, { name: '' }]]) {
    assert.throws(
      () => Reflect.apply(callback, undefined, given),
      error => isWaymarkError(error, 'invalid'),
    )
  }
})
