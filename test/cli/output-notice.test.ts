import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const source = `
import { csv, pipeline } from 'waymark'
import { existsSync } from 'node:fs'
export default pipeline('copy', run => run.each('copy', run.stage('list', () => [1, 2, 3, 4]), id => {
  if (id === 3 && existsSync(import.meta.dirname + '/broken')) throw new Error('not now')
  return { id }
}, { output: csv('out.csv') }))
`

for (const json of [false, true]) {
  test(`X3 what a resume cuts off an output is said ${json ? 'under --json' : 'off a terminal'}, and the header stays one`, async t => {
    const project = await WaymarkProject.create(t, { 'copy.ts': source, broken: '' })
    assert.equal((await project.waymark('run', 'copy.ts')).code, 3)
    assert.deepEqual(await project.lines('out.csv'), ['id', '1', '2'])
    await appendFile(join(project.path, 'out.csv'), '3\r\n4')
    await project.remove('broken')
    const { code, stdout, stderr } = await project.waymark('run', 'copy.ts', ...(json ? ['--json'] : []))
    assert.equal(code, 0, stderr)
    const text = /out\.csv: \d bytes after the last recorded item are cut off; those items are called again/
    if (json)
      assert.ok(
        jsonLines(stdout).some(line => line['type'] === 'notice' && text.test(String(line['message']))),
        stdout,
      )
    else assert.match(stderr, new RegExp(`notice .*${text.source}`))
    assert.deepEqual(await project.lines('out.csv'), ['id', '1', '2', '3', '4'])
  })
}
