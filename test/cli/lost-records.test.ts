import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'waymark'
import { damageAt, segmentFiles } from '../engine/damaged-log.ts'
import { threeStages, WaymarkProject } from './waymark-project.ts'

test('of a lost record every command says what is lost and what is good, and names the store again that a flag named', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const path = join(project.path, 'other store')
  const store = await open({ path })
  const good = await store.save({ value: { step: 1 }, run: 'train', stage: 'epoch' })
  const lost = await store.save({ value: { step: 2 }, run: 'train', stage: 'epoch' })
  await store.save({ value: 'last' })
  await store.close()
  const [segment = ''] = segmentFiles(path)
  damageAt(segment, lost.id)
  const here = ['--store', 'other store'] as const

  const verified = await project.waymark('verify', ...here)
  assert.equal(verified.code, 5)
  assert.match(verified.stdout, new RegExp(`lost {3}${lost.id} {2}train/epoch {2}last good ${good.id}`))
  assert.match(verified.stdout, /1 problem, 1 checkpoint cannot be loaded/)
  assert.match(verified.stdout, /do {5}waymark repair --store 'other store'\n$/)

  const waits = await project.waymark('repair', ...here, '--json')
  assert.equal(JSON.parse(waits.stdout).hint.command, "waymark repair --yes --store 'other store'")
  const repaired = await project.waymark('repair', '--yes', ...here)
  const [, id = ''] = /waymark repair --undo (\w+) --store 'other store'/.exec(repaired.stdout) ?? []
  assert.notEqual(id, '', repaired.stdout)

  const again = await project.waymark('verify', ...here)
  assert.equal(again.code, 0)
  assert.doesNotMatch(again.stdout, /✓ intact/)
  assert.match(again.stdout, /✓ nothing new {2}1 checkpoint stays lost/)

  const shown = await project.waymark('show', lost.id, ...here)
  assert.match(shown.stdout, /damage {3}the record at byte \d+ of segment \w+ is damaged or missing/)
  assert.match(shown.stdout, new RegExp(`good {5}${good.id} is the newest intact one before it`))

  assert.match((await project.waymark('repair', '--undo', id, ...here)).stdout, /✓ undone/)
  assert.match((await project.waymark('repair', '--undo', id, ...here)).stdout, /was undone before: nothing was changed/)
})

test('export names a folder that is missing, and refuses --force for files in a folder', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const store = await open({ path: join(project.path, '.waymark') })
  const { id } = await store.save({ files: join(project.path, 'etl.ts') })
  await store.close()
  const missing = await project.waymark('export', id, '--out', 'nowhere/x.wmk')
  assert.match(missing.stderr, /there is no folder nowhere/)
  assert.doesNotMatch(missing.stderr, /Check the disk/)
  const forced = await project.waymark('export', id, '--format', 'files', '--out', 'here', '--force')
  assert.match(forced.stderr, /--force replaces a file, never files in a folder/)
  rmSync(join(project.path, 'here'), { recursive: true, force: true })
})
