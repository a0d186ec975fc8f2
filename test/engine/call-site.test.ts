import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallSite } from '../../src/engine/call-site.ts'

const deep = (levels: number, make: () => CallSite): CallSite => (levels === 0 ? make() : deep(levels - 1, make))

test('X2 a call’s place is found whatever limit of frames the program has set, and that stays as it was', () => {
  const before = Error.stackTraceLimit
  try {
    for (const limit of [0, 3, 50, Infinity]) {
      Error.stackTraceLimit = limit
      const place = deep(30, () => new CallSite(2)).describe()
      assert.match(place ?? '', /call-site\.test\.ts:\d+:\d+$/)
      assert.equal(Error.stackTraceLimit, limit)
    }
  } finally {
    Error.stackTraceLimit = before
  }
})
