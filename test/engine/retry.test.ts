import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { FinalFailure, RetryRequest, retryDelayMs } from '../../src/engine/retry.ts'
import { retryAfterMs } from '../../src/engine/retry-after.ts'
import { WaymarkError } from '../../src/model/errors.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

const clock = new FakeClock()
const random = seededRandom(1)
const delay = (policy: Parameters<typeof retryDelayMs>[0], call: number, error: unknown = new Error('x'), more = {}) =>
  retryDelayMs(policy, { call, error, elapsedMs: 0, ...more }, clock, random)

test('pauses double up to a limit, and full jitter takes any part of them', () => {
  const plain = { attempts: 10, delayMs: 100, maxDelayMs: 1_000, jitter: 'none' } as const
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(call => delay(plain, call)),
    [100, 200, 400, 800, 1_000, 1_000],
  )
  const drawn = Array.from({ length: 2_000 }, () => delay({ attempts: 2, delayMs: 1_000 }, 1) ?? -1)
  assert.ok(drawn.every(ms => ms >= 0 && ms < 1_000))
  assert.ok(Math.min(...drawn) < 50 && Math.max(...drawn) > 950, 'all of the range is drawn from')
  const mean = drawn.reduce((sum, ms) => sum + ms, 0) / drawn.length
  assert.ok(mean > 450 && mean < 550, `${mean}`)
})

test('the last attempt, a final failure and an error of the system are not tried again; a call that took too long is', () => {
  const policy = { attempts: 3, jitter: 'none' } as const
  assert.equal(delay(policy, 3), undefined)
  assert.equal(delay(undefined, 1), undefined)
  assert.equal(delay(policy, 1, new FinalFailure(new Error('no'))), undefined)
  const waymark = (code: 'disk_full' | 'limit') => new WaymarkError(code, { message: 'm', means: 'n', remedy: 'r' })
  assert.equal(delay(policy, 1, waymark('disk_full')), undefined)
  assert.equal(delay(policy, 1, waymark('limit')), 100)
})

test('[C14] what a server or ctx.retry asks for comes before the backoff', () => {
  const policy = { attempts: 3, maxDelayMs: 10, jitter: 'none' } as const
  assert.equal(delay(policy, 1, new RetryRequest(7_000, undefined)), 7_000)
  const answer = (value: string) => Object.assign(new Error('429'), { response: { headers: { 'Retry-After': value } } })
  assert.equal(delay(policy, 1, answer('2')), 2_000)
  assert.equal(delay(policy, 1, new RetryRequest(undefined, answer('3'))), 3_000)
  assert.equal(delay(policy, 1, new Error('outer', { cause: answer('4') })), 4_000)
  const date = new Date(clock.now() + 90_000).toUTCString()
  const ms = retryAfterMs(answer(date), clock.now()) ?? -1
  assert.ok(ms > 88_000 && ms <= 90_000, `${ms}`)
  // Nonsense is no pause, and a date that is past is none either.
  assert.equal(delay(policy, 1, answer('soon')), 10)
  assert.equal(retryAfterMs(answer(new Date(clock.now() - 5_000).toUTCString()), clock.now()), 0)
})

test('[C14] Retry-After is read from the answer of a real server through fetch', async () => {
  const server = createServer((_request, response) => response.writeHead(429, { 'retry-after': '12' }).end())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    assert.equal(retryAfterMs(Object.assign(new Error('429'), { response }), clock.now()), 12_000)
    assert.equal(retryAfterMs(Object.assign(new Error('429'), { headers: response.headers }), clock.now()), 12_000)
  } finally {
    server.close()
  }
})

test('no further call begins when the time for all of them would be over', () => {
  const policy = { attempts: 9, delayMs: 100, jitter: 'none' } as const
  assert.equal(delay(policy, 1, new Error('x'), { elapsedMs: 800, totalTimeoutMs: 1_000 }), 100)
  assert.equal(delay(policy, 1, new Error('x'), { elapsedMs: 950, totalTimeoutMs: 1_000 }), undefined)
})
