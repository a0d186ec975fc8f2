import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashCause, crashError, type ProcessEnd } from '../../src/cli/crash-cause.ts'

const end = (facts: Partial<ProcessEnd>): ProcessEnd => ({
  exitCode: null,
  signal: null,
  stderrTail: '',
  memoryEvidence: undefined,
  lastWords: undefined,
  killedBecause: undefined,
  ...facts,
})

test('a kill is said to be likely out of memory only with evidence', () => {
  assert.deepEqual(crashCause(end({ signal: 'SIGKILL' })), { kind: 'signal', signal: 'SIGKILL' })
  assert.deepEqual(crashCause(end({ signal: 'SIGKILL', memoryEvidence: 'RSS 3.9 GB of 4.0 GB' })), {
    kind: 'signal',
    signal: 'SIGKILL',
    likely: 'out of memory',
    evidence: 'RSS 3.9 GB of 4.0 GB',
  })
})

test('memory pressure does not explain a kill that the supervisor itself sent, nor another signal', () => {
  const evidence = { memoryEvidence: 'RSS 3.9 GB of 4.0 GB' }
  assert.deepEqual(crashCause(end({ signal: 'SIGKILL', killedBecause: 'by the supervisor, on the third SIGINT', ...evidence })), {
    kind: 'signal',
    signal: 'SIGKILL',
    evidence: 'by the supervisor, on the third SIGINT',
  })
  assert.deepEqual(crashCause(end({ signal: 'SIGSEGV', ...evidence })), { kind: 'signal', signal: 'SIGSEGV' })
})

test("V8's own words are evidence, but only if the process aborted", () => {
  const stderrTail = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n'
  assert.equal(crashCause(end({ signal: 'SIGABRT', stderrTail })).likely, 'out of memory')
  assert.equal(crashCause(end({ exitCode: 134, stderrTail })).likely, 'out of memory')
  assert.equal(crashCause(end({ exitCode: 1, stderrTail })).likely, undefined)
})

test('an exit before the end is told with its code, and with what the process said last', () => {
  assert.deepEqual(crashCause(end({ exitCode: 0 })), { kind: 'exit', exitCode: 0 })
  const lastWords = 'TypeError: x is not a function (thrown where nothing waits for it)'
  const cause = crashCause(end({ exitCode: 1, lastWords }))
  assert.deepEqual(cause, { kind: 'exit', exitCode: 1, evidence: lastWords })
  assert.equal(crashError('7kq2m4xh91da', cause, lastWords).message, lastWords)
})

test('the error of a crash tells how to go on, with more memory where that was missing', () => {
  const oom = crashError('7kq2m4xh91da', { kind: 'signal', signal: 'SIGKILL', likely: 'out of memory', evidence: 'E' }, undefined)
  assert.equal(oom.code, 'failed')
  assert.match(oom.message, /killed by SIGKILL, likely out of memory \(E\)/)
  assert.match(oom.remedy, /^waymark resume 7kq2m4 .*--max-old-space-size/)
  assert.equal(crashError(undefined, { kind: 'exit', exitCode: 1 }, undefined).remedy, 'run the same command again')
})
