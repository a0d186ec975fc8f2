import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pitfalls = Array.from({ length: 18 }, (_, i) => i + 1)
const text = (path: string) => readFileSync(`${root}/${path}`, 'utf8')

/** The numbers in names of tests: `[pitfall 7]`, or with other ids in the same brackets. */
const numbered = (source: string): readonly number[] =>
  [...source.matchAll(/^\s*(?:test\()?[`'].*\[[^\]]*pitfall (\d+)\].*$|^\s*test\([`'].*\[[^\]]*pitfall (\d+)\]/gm)].map(found =>
    Number(found[1] ?? found[2]),
  )

test('every pitfall has a test that carries its number', () => {
  const seen = new Set(globSync('test/**/*.test.ts', { cwd: root }).flatMap(path => numbered(text(path))))
  assert.deepEqual(
    pitfalls.filter(number => !seen.has(number)),
    [],
  )
})

test('every pitfall has a row in the table, whose test files carry its number', () => {
  const rows = [...text('docs/pitfalls.md').matchAll(/^\| (\d+) \|.*\| ([^|]+) \|$/gm)]
  assert.deepEqual(
    rows.map(row => Number(row[1])),
    pitfalls,
  )
  for (const [, number, files = ''] of rows)
    for (const [, path = ''] of files.matchAll(/`([^`]+)`/g))
      assert.ok(numbered(text(path)).includes(Number(number)), `${path} has no test of pitfall ${number}`)
})
