import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import { open, table } from 'waymark'
import { threeStages, WaymarkProject } from './waymark-project.ts'

/** A config that is still being loaded when the signal comes, as anything may be. */
const slowConfig = `
import { writeFileSync } from 'node:fs'
writeFileSync(import.meta.dirname + '/loading', '')
await new Promise(resolve => setTimeout(resolve, 60_000))
export default {}
`

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await after(10)
}

test('J1 Ctrl-C ends a query under --json with a document that says cancelled, and exit code 130', async t => {
  const project = await WaymarkProject.create(t, { 'waymark.config.ts': slowConfig.replace(/^await .*$/m, '') })
  const store = await open({ path: `${project.path}/.waymark` })
  await store.save({ id: 'one', value: table([{ a: 1 }]) })
  await store.close()
  const long = "select count(*) from range(100000000) a, range(100000) b, checkpoint('one')"
  const running = project.start(['query', long, '--json'])
  await until(() => existsSync(join(project.path, 'loading')))
  await after(1_000)
  running.signal('SIGINT')
  const { code, stdout } = await running.ended
  const { ok, command, error } = JSON.parse(stdout)
  assert.deepEqual([code, ok, command, error.code], [130, false, 'query', 'cancelled'])
})

test('J1 a signal ends export, import and ls under --json with such a document, also while they are loading', async t => {
  const project = await WaymarkProject.create(t, { 'waymark.config.ts': slowConfig })
  for (const args of [['export', 'one'], ['import', 'x.csv'], ['ls']]) {
    const running = project.start([...args, '--json'])
    await until(() => existsSync(join(project.path, 'loading')))
    await project.remove('loading')
    running.signal('SIGTERM')
    const { code, stdout } = await running.ended
    const { command, error } = JSON.parse(stdout)
    assert.deepEqual([code, command, error.code], [143, args[0], 'cancelled'])
  }
})

test('J1 Ctrl-C while the file of the pipeline is loading says that the run stands as it was, and ends with 130', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  await project.write('hold', '2')
  const first = project.start(['run', 'etl.ts'])
  await until(() => existsSync(join(project.path, 'calls.txt')))
  first.signalGroup('SIGINT')
  await project.remove('hold')
  await first.ended
  const hang =
    "import { writeFileSync } from 'node:fs'\nprocess.removeAllListeners('SIGINT')\nwriteFileSync(import.meta.dirname + '/loading', '')\nawait new Promise(resolve => setTimeout(resolve, 60_000))\n"
  await project.write('etl.ts', hang + threeStages)
  for (const [args, text] of [
    [['resume'], /paused[\s\S]*waymark resume \w/],
    [['run', 'etl.ts', '--fresh'], /stopped by SIGINT while the pipeline was being loaded[\s\S]*No run was begun/],
  ] as const) {
    const running = project.start([...args])
    await until(() => existsSync(join(project.path, 'loading')))
    await project.remove('loading')
    running.signalGroup('SIGINT')
    const { code, stdout, stderr } = await running.ended
    assert.equal(code, 130, stdout + stderr)
    assert.match(stdout + stderr, text)
    if (args[0] === 'resume') assert.doesNotMatch(stdout + stderr, /No run was begun|killed by/)
  }
})

test('H3 a query of a checkpoint whose record is damaged says corrupt, as show and export do', async t => {
  const project = await WaymarkProject.create(t)
  const store = await open({ path: `${project.path}/.waymark` })
  await store.save({ id: 'first', value: table([{ note: 'untouched' }]) })
  await store.save({ id: 'hurt', value: table([{ note: 'findmeinthelog' }]) })
  await store.close()
  const files = (await readdir(join(project.path, '.waymark'), { recursive: true, withFileTypes: true })).filter(
    one => one.isFile() && !one.name.includes('sqlite'),
  )
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name)
    const bytes = await readFile(path)
    const at = bytes.indexOf('hurt')
    if (at < 0) continue
    bytes[at + 30] = (bytes[at + 30] ?? 0) ^ 0xff
    await writeFile(path, bytes)
  }
  const { code, stderr } = await project.waymark('query', "select * from checkpoint('hurt')")
  assert.deepEqual([code, /^error corrupt/m.test(stderr)], [5, true], stderr)
})

test('J1 what waits for a signal and does not look at it is left behind after two seconds, with a word', async t => {
  const project = await WaymarkProject.create(t)
  await project.write(
    'deaf.mjs',
    `import { untilStopped } from '${new URL('../../src/cli/until-stopped.ts', import.meta.url)}'
const told = untilStopped(() => new Promise(resolve => setTimeout(resolve, 60_000)), async stopped => console.log(stopped.code))
process.kill(process.pid, 'SIGINT')
await told
`,
  )
  const { status, stdout } = spawnSync(process.execPath, [join(project.path, 'deaf.mjs')], { encoding: 'utf8' })
  assert.deepEqual([status, stdout], [130, 'cancelled\n'])
})
