import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'

function roundTripped(error: Error): Error {
  const bytes = encodeValue(error)
  const read = decodeValue(bytes)
  assert.deepStrictEqual(encodeValue(read), bytes)
  assert.ok(read instanceof Error)
  return read
}

test('an error keeps class, message, stack, cause and its own properties [pitfall 15]', () => {
  const inner = new TypeError('inner', { cause: { row: 7 } })
  const error = Object.assign(new RangeError('too far', { cause: inner }), {
    code: 'E_FAR',
    nested: { list: [1, 2] },
  })
  const read = roundTripped(error)
  assert.deepStrictEqual(read, error)
  assert.equal(Object.getPrototypeOf(read), RangeError.prototype)
  assert.equal(read.stack, error.stack)
  assert.ok(read.cause instanceof TypeError)
  assert.equal(read.cause.stack, inner.stack)
  assert.deepEqual(Object.keys(read), ['code', 'nested'])
})

test('every built-in class of error comes back as itself', () => {
  for (const Class of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    assert.deepStrictEqual(roundTripped(new Class('x')), new Class('x'))
  }
  const aggregate = new AggregateError([new Error('one'), 'two'], 'several')
  const read = roundTripped(aggregate)
  assert.deepStrictEqual(read, aggregate)
  assert.ok(read instanceof AggregateError && read.errors.length === 2)
})

test('an error of a class of the user comes back as the nearest built-in with its name', () => {
  class HttpError extends TypeError {
    override name = 'HttpError'
    readonly status = 404
  }
  const read = roundTripped(new HttpError('not found'))
  assert.equal(Object.getPrototypeOf(read), TypeError.prototype)
  assert.equal(read.name, 'HttpError')
  assert.equal(read.message, 'not found')
  assert.equal(Reflect.get(read, 'status'), 404)

  class NamedByPrototype extends Error {}
  Object.defineProperty(NamedByPrototype.prototype, 'name', { value: 'NamedByPrototype' })
  const named = roundTripped(new NamedByPrototype('x'))
  assert.equal(named.name, 'NamedByPrototype')
  assert.deepEqual(Object.keys(named), [])
})

test('the error of an aborted signal keeps its name and message', () => {
  const read = roundTripped(AbortSignal.abort().reason)
  assert.equal(read.name, 'AbortError')
  assert.equal(read.message, 'This operation was aborted')
})

test('an error without message, with an undefined cause or without stack is not given any', () => {
  assert.equal(Object.hasOwn(roundTripped(new Error()), 'message'), false)
  assert.equal(Object.hasOwn(roundTripped(new Error('')), 'message'), true)
  const undefinedCause = roundTripped(new Error('x', { cause: undefined }))
  assert.ok(Object.hasOwn(undefinedCause, 'cause') && undefinedCause.cause === undefined)
  const bare = new Error('x')
  delete bare.stack
  assert.equal(roundTripped(bare).stack, undefined)
})

test('reading an error runs no hook of the process [pitfall 14]', () => {
  const bytes = encodeValue(new Error('x'))
  let calls = 0
  const before = Error.prepareStackTrace
  Error.prepareStackTrace = () => {
    calls++
    return 'made up'
  }
  try {
    const read = decodeValue(bytes)
    assert.ok(read instanceof Error && read.stack?.startsWith('Error: x\n'))
  } finally {
    Error.prepareStackTrace = before
  }
  assert.equal(calls, 0)
})
