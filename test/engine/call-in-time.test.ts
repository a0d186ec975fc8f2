import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { untilAborted } from '../../src/engine/call-in-time.ts'
import { isWaymarkError } from '../../src/model/errors.ts'

const isCancelled = (error: unknown): boolean => isWaymarkError(error, 'cancelled')

test('B17 a function that gives its value at once is not listened for; one that waits, only while it does', async t => {
  const { signal } = new AbortController()
  const listened = t.mock.method(signal, 'addEventListener')
  assert.equal(await untilAborted(signal, () => 7), 7)
  assert.equal(listened.mock.callCount(), 0)
  let finish = (_: number): void => {}
  const waiting = untilAborted(signal, () => new Promise<number>(resolve => (finish = resolve)))
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  finish(8)
  assert.equal(await waiting, 8)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('B17 a function that obeys no signal does not hold the run, also when it stopped the run itself before it had to wait', {
  timeout: 20_000,
}, async () => {
  const later = new AbortController()
  const held = untilAborted(later.signal, () => new Promise<never>(() => {}))
  later.abort()
  await assert.rejects(held, isCancelled)
  const itself = new AbortController()
  await assert.rejects(
    untilAborted(itself.signal, () => {
      itself.abort()
      return new Promise<never>(() => {})
    }),
    isCancelled,
  )
  await assert.rejects(
    untilAborted(itself.signal, () => assert.fail('it must not be called')),
    isCancelled,
  )
})

test('B17 a value that came before the run was stopped counts; what is thrown, or is awaited like a promise, comes out as with await', async () => {
  const controller = new AbortController()
  const value = await untilAborted(controller.signal, () => {
    controller.abort()
    return 9
  })
  assert.equal(value, 9)
  const { signal } = new AbortController()
  await assert.rejects(
    untilAborted(signal, () => {
      throw new RangeError('at once')
    }),
    RangeError,
  )
  await assert.rejects(
    untilAborted(signal, () => Promise.reject(new RangeError('later'))),
    RangeError,
  )
  const thenable: PromiseLike<number> = {
    // biome-ignore lint/suspicious/noThenProperty: something that is awaited and is no promise
    then: (onFulfilled, onRejected) => Promise.resolve(10).then(onFulfilled, onRejected),
  }
  assert.equal(await untilAborted(signal, () => thenable), 10)
})
