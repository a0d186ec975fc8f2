import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseLine } from '../../src/model/parse-line.ts'

const names = fc.constantFrom(
  '\\',
  '"',
  'a\\',
  'a"',
  'a\n',
  '\u0001',
  'half \ud83d',
  '\u{1f600}',
  '\u{f0000}0\u{f0000}',
  '__proto__',
  '1',
  '',
)

test('A7 names and texts with escapes are read as they were written, whatever objects were made before', () => {
  const value = fc.letrec(tie => ({
    any: fc.oneof(
      { depthSize: 'small' },
      names,
      fc.integer(),
      fc.constant(null),
      fc.array(tie('any')),
      fc.dictionary(names, tie('any')),
    ),
  })).any
  fc.assert(
    fc.property(fc.array(value), values => {
      for (const one of values) {
        const line = JSON.stringify(one)
        assert.equal(JSON.stringify(parseLine(line)), line)
      }
    }),
    { numRuns: 300 },
  )
  for (const key of ['\\', '"', 'a\\', 'a"', '__proto__']) {
    const read = parseLine(JSON.stringify(Object.fromEntries([[key, 1]])))
    assert.deepEqual(Object.entries(read ?? {}), [[key, 1]])
  }
})
