import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { WaymarkProject } from './waymark-project.ts'

const heavy = `
import { randomBytes } from 'node:crypto'
import { pipeline } from 'waymark'
export default pipeline('heavy', async run => {
  let sum = 0
  for (let i = 0; i < 40; i++) sum += (await run.stage('part', () => randomBytes(100_000), { key: i })).length
  return sum
})
`

test('a disk that is really full stops the run with disk_full, and with room it goes on where it was', async t => {
  const disk = await mkdtemp(join(tmpdir(), 'waymark-disk-'))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]).status !== 0)
    return t.skip('no file system can be mounted here')
  t.after(() => {
    spawnSync('umount', [disk])
    return rmdir(disk)
  })
  const project = await WaymarkProject.create(t, { 'a.ts': heavy })
  const store = join(disk, 'store')
  const first = await project.waymark('run', 'a.ts', '--store', store)
  assert.equal(first.code, 3, first.stderr)
  assert.match(first.stderr, /error disk_full/)
  assert.equal(spawnSync('mount', ['-o', 'remount,size=32m', disk]).status, 0)
  // Whether there was room for the word that it failed is chance: without, it is found crashed.
  assert.match(
    (await project.waymark('ls', '--store', store)).stdout,
    /(✗ +\w{6} +heavy +failed|↯ +\w{6} +heavy +crashed) +resume/,
  )
  const second = await project.waymark('run', 'a.ts', '--store', store)
  assert.equal(second.code, 0, second.stderr)
  assert.match(second.stderr, /reuse +part\[0\]/)
})
