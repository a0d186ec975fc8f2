import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { judgeEnds } from '../../scripts/sealed/judge-ends.ts'
import type { TestEnd } from '../../scripts/sealed/test-ends.ts'

const end = (name: string, result: TestEnd['result']): TestEnd => ({ name, result, error: undefined })
/** Asked by a process that is none of node:test, which runs no files inside of files. */
function endsOf(file: string): unknown {
  const script = `${file}.ends.mjs`
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const module = new URL('../../scripts/sealed/test-ends.ts', import.meta.url).href
  writeFileSync(
    script,
    `import { testEnds } from ${JSON.stringify(module)}
    const ends = await testEnds(${JSON.stringify(file)})
    console.log(JSON.stringify(ends.map(({ name, result }) => name + ' ' + result)))`,
  )
  return JSON.parse(execFileSync(process.execPath, [script], { env, encoding: 'utf8' }))
}

const exceptions = [{ because: 'it reads bytes', file: 'a.test.ts', tests: ['plain'] }]

test('of the tests with every store sealed, one that fails is a failure, unless it is named with the reason', () => {
  const verdict = judgeEnds(
    [end('one', 'passed'), end('two', 'failed'), end('three', 'skipped'), end('plain', 'failed')],
    exceptions,
  )
  assert.deepEqual(verdict, {
    passed: 1,
    skipped: 1,
    failed: [end('two', 'failed')],
    excepted: [{ name: 'plain', because: 'it reads bytes' }],
    stale: [],
  })
})

test('an exception that passes, is skipped or is not there is told as stale', () => {
  const staleOf = (ends: readonly TestEnd[]): readonly string[] => judgeEnds(ends, exceptions).stale
  assert.deepEqual(staleOf([end('plain', 'passed')]), ['passed, so it is no exception: plain'])
  assert.deepEqual(staleOf([end('plain', 'skipped')]), ['skipped, so it is no exception: plain'])
  assert.deepEqual(staleOf([end('another', 'passed')]), ['there is no such test: plain'])
})

test('every end of a test file is told with the suites it is in, also that of a file that ends before any test', t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-test-ends-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'some.test.mjs')
  writeFileSync(
    file,
    `import { describe, test } from 'node:test'
    describe('suite', () => { test('good', () => {}); test('left', { skip: 'why' }, () => {}) })
    test('outer', t => t.test('inner', () => { throw new Error('bad') }))`,
  )
  assert.deepEqual(endsOf(file), ['suite › good passed', 'suite › left skipped', 'outer › inner failed'])
  writeFileSync(file, 'process.exit(3)')
  assert.deepEqual(endsOf(file), [`${file} failed`])
})
