import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { codeChanges } from '../../src/engine/code-changes.ts'
import { digestCode } from '../../src/engine/code-digest.ts'
import { codeChangeText } from '../../src/model/code-change.ts'
import { temporaryFolder } from '../outputs/temporary-folder.ts'

const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `const a${from + i} = ${from + i}`)

async function project(context: Parameters<typeof temporaryFolder>[0]) {
  const folder = await temporaryFolder(context)
  mkdirSync(join(folder, 'src'))
  writeFileSync(join(folder, 'package.json'), '{}')
  const write = (name: string, text: readonly string[]) => writeFileSync(join(folder, name), text.join('\n'))
  write('etl.ts', ["import { a1 } from './src/orders.ts'", 'export default a1'])
  return { write, digest: () => digestCode(join(folder, 'etl.ts')) }
}

test('changed code is told by file and lines, as the file is now', async context => {
  const { write, digest } = await project(context)
  write('src/orders.ts', lines(1, 120))
  const before = digest()
  write('src/orders.ts', [...lines(1, 79), ...lines(201, 218), ...lines(98, 118), 'const b = 2', ...lines(120, 120)])
  const changes = codeChanges(before, digest())
  assert.deepEqual(changes, [
    {
      file: 'src/orders.ts',
      change: 'changed',
      lines: [
        [80, 97],
        [119, 119],
      ],
    },
  ])
  assert.equal(changes.map(codeChangeText).join(), 'src/orders.ts:80–97, 119')
})

test('comments, white space and empty lines are no change, and the lines behind them keep their numbers', async context => {
  const { write, digest } = await project(context)
  write('src/orders.ts', lines(1, 10))
  const before = digest()
  write('src/orders.ts', ['/* a comment', '   over two lines */', '', ...lines(1, 10).map(line => `  ${line}  // note`)])
  assert.deepEqual(codeChanges(before, digest()), [])
  write('src/orders.ts', ['/* a comment', '   over two lines */', '', ...lines(1, 4), 'other()', ...lines(6, 10)])
  assert.equal(codeChanges(before, digest()).map(codeChangeText).join(), 'src/orders.ts:8')
})

test('lines that were taken out are told by the line that follows', async context => {
  const { write, digest } = await project(context)
  write('src/orders.ts', lines(1, 10))
  const before = digest()
  write('src/orders.ts', [...lines(1, 4), ...lines(8, 10)])
  assert.equal(codeChanges(before, digest()).map(codeChangeText).join(), 'src/orders.ts:5')
  write('src/orders.ts', lines(1, 8))
  assert.equal(codeChanges(before, digest()).map(codeChangeText).join(), 'src/orders.ts:8')
})

test('files that came and went are told; without lines on record only the file is', async context => {
  const { write, digest } = await project(context)
  write('src/orders.ts', lines(1, 3))
  const before = digest()
  write('src/new.ts', ['export const x = 1'])
  write('etl.ts', ["import { x } from './src/new.ts'", 'export default x'])
  const { lines: _lines, ...withoutLines } = before
  const texts = (old: typeof before) => codeChanges(old, digest()).map(codeChangeText)
  assert.deepEqual(texts(before), ['etl.ts:1–2', 'src/new.ts added', 'src/orders.ts removed'])
  assert.deepEqual(texts(withoutLines), ['etl.ts', 'src/new.ts added', 'src/orders.ts removed'])
})

test('what is kept of a project’s lines is bounded', async context => {
  const { write, digest } = await project(context)
  write('src/orders.ts', lines(1, 30_000))
  const code = digest()
  assert.deepEqual(Object.keys(code.lines ?? {}), ['etl.ts'])
  write('src/orders.ts', lines(1, 19_000))
  assert.ok(JSON.stringify(digest()).length < 65_000)
})
