import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '../../src/model/clock.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'

test('timers fire in the order they are due, each at its moment', () => {
  const clock = new FakeClock(1_000_000)
  const fired: string[] = []
  const note = (name: string) => () => fired.push(`${name} at ${clock.now() - 1_000_000}`)
  clock.after(30, note('late'))
  clock.after(10, note('early'))
  clock.after(10, note('early too'))
  clock.after(31, note('not yet'))
  clock.advance(30)
  assert.deepEqual(fired, ['early at 10', 'early too at 10', 'late at 30'])
  assert.equal(clock.monotonicMs(), 30)
  assert.equal(clock.timers, 1)
  assert.equal(clock.nextTimerMs, 1)
})

test('a timer set by a timer fires in the same advance if it is due', () => {
  const clock = new FakeClock()
  const fired: number[] = []
  const again = () => {
    fired.push(clock.monotonicMs())
    clock.after(10, again)
  }
  clock.after(10, again)
  clock.advance(35)
  assert.deepEqual(fired, [10, 20, 30])
})

test('a cancelled timer does not fire', () => {
  const clock = new FakeClock()
  let fired = 0
  const cancel = clock.after(10, () => fired++)
  clock.after(5, cancel)
  clock.advance(100)
  assert.equal(fired, 0)
  assert.equal(clock.timers, 0)
})

test('a timer without delay waits for the next advance', () => {
  const clock = new FakeClock()
  let fired = 0
  clock.after(0, () => fired++)
  clock.after(-5, () => fired++)
  assert.equal(fired, 0)
  clock.advance(0)
  assert.equal(fired, 2)
})

test('advanceAsync lets a loop around sleep go round', async () => {
  const clock = new FakeClock()
  let rounds = 0
  const loop = async () => {
    for (;;) {
      await sleep(clock, 10)
      rounds++
    }
  }
  void loop()
  await clock.advanceAsync(55)
  assert.equal(rounds, 5)
  assert.equal(clock.monotonicMs(), 55)
})

test('a jump of the wall time, either way, leaves monotonic time and timers alone', () => {
  const clock = new FakeClock(1_000_000)
  let fired = 0
  clock.after(10, () => fired++)
  clock.jump(3_600_000)
  assert.equal(clock.now(), 4_600_000)
  clock.jump(-7_200_000)
  assert.equal(clock.now(), -2_600_000)
  assert.equal(clock.monotonicMs(), 0)
  assert.equal(fired, 0)
  clock.advance(10)
  assert.equal(fired, 1)
  assert.equal(clock.now(), -2_599_990)
})

test('a frozen clock shows one wall time while timers go on', () => {
  const clock = new FakeClock(1_000_000)
  let fired = 0
  clock.after(10, () => fired++)
  clock.freeze()
  clock.advance(50)
  assert.equal(clock.now(), 1_000_000)
  assert.equal(clock.monotonicMs(), 50)
  assert.equal(fired, 1)
  clock.thaw()
  clock.advance(5)
  assert.equal(clock.now(), 1_000_005)
})

test('time does not advance backward', () => {
  assert.throws(() => new FakeClock().advance(-1), RangeError)
  assert.throws(() => new FakeClock().advance(Number.NaN), RangeError)
})
