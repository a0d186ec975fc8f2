import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePath } from '../../src/format/parse-path.ts'
import { PathPatterns } from '../../src/model/path-pattern.ts'

/** Where it is not understood any more, counted from 1. */
const cases = [
  ['.a', 1],
  ['a..b', 2],
  ['a[', 2],
  ['a[3]b', 5],
  ['a.b]', 4],
  // What stands in quotes is read before what comes behind it.
  ['a["\\x"].b[', 2],
] as const

for (const [what, read] of [
  ['a path', parsePath],
  ['a pattern of paths', (text: string) => new PathPatterns([text])],
] as const) {
  test(`E9 ${what} that cannot be understood is refused with the character from which on, and with how it is written`, () => {
    for (const [path, character] of cases) {
      assert.throws(() => read(path), {
        code: 'invalid',
        message: `The path ${JSON.stringify(path)} cannot be understood from character ${character} on.`,
        remedy: /^Write it as /,
        details: { path, position: character - 1 },
      })
    }
  })
}

test('E9 no path is the whole value, and no pattern is none', () => {
  assert.deepEqual(parsePath(''), [])
  assert.throws(() => new PathPatterns(['']), { code: 'invalid', message: /character 1 on/ })
})
