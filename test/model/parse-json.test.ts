import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson } from '../../src/model/parse-json.ts'

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
        assert.equal(JSON.stringify(parseJson(line)), line)
        // As others write it.
        assert.equal(JSON.stringify(parseJson(JSON.stringify(one, undefined, 2))), line)
      }
    }),
    { numRuns: 300 },
  )
  for (const key of ['\\', '"', 'a\\', 'a"', 'a\\"', 'a"b', '__proto__']) {
    const read = parseJson(JSON.stringify(Object.fromEntries([[key, 1]])))
    assert.deepEqual(Object.entries(read ?? {}), [[key, 1]])
  }
})

test('A7 what is no JSON is a SyntaxError, with escapes in names or not', () => {
  for (const text of ['{"a', '{"\\"": }', '{"\\q": 1}', '{"\\n": 1', '"\\u12"'])
    assert.throws(() => parseJson(text), SyntaxError, text)
})
