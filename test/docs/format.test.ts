import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPage, root } from './code-blocks.ts'

test('docs/format.md names every kind of record and every member of one', () => {
  const page = readPage('docs/format.md')
  const sources = ['records', 'code-digest', 'checkpoint', 'checkpoint-changes', 'owner', 'plan', 'event-records']
    .map(name => readFileSync(join(root, `src/model/${name}.ts`), 'utf8'))
    // What stands behind it in checkpoint-changes.ts is not stored.
    .map(text => text.split('export type ChangeStamp')[0])
    .join('\n')
  const kinds = [...sources.matchAll(/readonly type: '([\w.]+)'/g)].map(([, kind]) => kind)
  const members = [...sources.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name)
  assert.ok(kinds.length >= 11 && members.length >= 80)
  const missing = [...new Set([...kinds, ...members])].filter(name => !new RegExp(`[\`{ ,]${name}\\b`).test(page))
  assert.deepEqual(missing, [])
})
