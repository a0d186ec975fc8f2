import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StopSignals } from '../../src/cli/stop-signals.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'

function listening() {
  const clock = new FakeClock()
  const signals = new StopSignals(clock)
  const asked: string[] = []
  const actions = {
    stop: (signal: string) => void asked.push(`stop ${signal}`),
    abort: (signal: string) => void asked.push(`abort ${signal}`),
    kill: (why: string) => void asked.push(`kill: ${why}`),
  }
  signals.listen()
  return { clock, signals, asked, actions }
}

test('every further signal asks for more: stop, abort, kill', t => {
  const { signals, asked, actions } = listening()
  t.after(() => signals.close())
  signals.direct(actions)
  process.emit('SIGINT', 'SIGINT')
  assert.deepEqual(asked, ['stop SIGINT'])
  process.emit('SIGTERM', 'SIGTERM')
  process.emit('SIGINT', 'SIGINT')
  assert.deepEqual(asked, ['stop SIGINT', 'abort SIGTERM', 'kill: by the supervisor, on the third SIGINT'])
  assert.equal(signals.exitCode, 130)
})

test('after "stop now" a process has ten seconds', t => {
  const { clock, signals, asked, actions } = listening()
  t.after(() => signals.close())
  signals.direct(actions)
  process.emit('SIGTERM', 'SIGTERM')
  process.emit('SIGTERM', 'SIGTERM')
  clock.advance(9_999)
  assert.equal(asked.length, 2)
  clock.advance(1)
  assert.deepEqual(asked.slice(2), ['kill: it did not end within 10 s of the second SIGTERM'])
  assert.equal(signals.exitCode, 143)
})

test('a signal that came before anybody could act on it is passed on', t => {
  const { signals, asked, actions } = listening()
  t.after(() => signals.close())
  process.emit('SIGHUP', 'SIGHUP')
  signals.direct(actions)
  assert.deepEqual(asked, ['stop SIGHUP'])
  assert.equal(signals.exitCode, 129)
})
