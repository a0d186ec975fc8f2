import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { threeStages, WaymarkProject } from './waymark-project.ts'

const pipeline = threeStages.replace('({ id }))', "({ id, text: 'order ' + id * id, more: Math.sqrt(id) }))")

/** A project with a run whose first result is in a pack of its own. */
async function withRun(t: TestContext): Promise<{ project: WaymarkProject; pack: string }> {
  const project = await WaymarkProject.create(t, { 'etl.ts': pipeline })
  const { code, stderr } = await project.waymark('run', 'etl.ts', '--items', '6000', '--ms', '0', '--run-id', 'r1', '-q')
  assert.equal(code, 0, stderr)
  const [name = ''] = readdirSync(join(project.path, '.waymark/packs'))
  assert.notEqual(name, '', 'nothing is in a pack')
  return { project, pack: join(project.path, '.waymark/packs', name) }
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(file, bytes)
}

const middle = (file: string): number => Math.floor(statSync(file).size / 2)

test('an intact store exits 0, says what was read, and one document for programs', async t => {
  const { project } = await withRun(t)
  const quick = await project.waymark('verify')
  assert.equal(quick.code, 0)
  assert.match(
    quick.stdout,
    /^✓ intact {2}\d+ checkpoints · \d+ packs? · \d+ segments? · .* read {2}quick: --full proves every byte\n$/,
  )
  assert.equal(quick.stderr, '')
  const full = await project.waymark('verify', '--full', '--json')
  assert.equal(full.code, 0)
  const { ok, command, data, schemaVersion } = JSON.parse(full.stdout)
  assert.deepEqual([ok, command, schemaVersion, data.ok, data.full, data.problems], [true, 'verify', 1, true, true, []])
})

test('X8 a damaged store exits 5 and says what is wrong, what it means and what to do, without touching it', async t => {
  const { project, pack } = await withRun(t)
  flip(pack, middle(pack))
  assert.equal((await project.waymark('verify')).code, 0, 'only a full verification reads it')
  const before = readFileSync(pack)
  const { code, stdout, stderr } = await project.waymark('verify', '--full')
  assert.equal(code, 5)
  assert.match(
    stdout,
    /✗ pack {2}pack \w{26} is damaged: the content of a frame is damaged\n {2}means {2}1 checkpoint cannot be loaded: c\w+\n/,
  )
  assert.match(stdout, /lost {3}c\w+ {2}r1\/extract {2}no intact one before it/)
  assert.match(stdout, /✗ damaged[\s\S]*do {5}waymark repair\n$/)
  assert.equal(stderr, '')
  assert.ok(readFileSync(pack).equals(before))
  const json = await project.waymark('verify', '--full', '--json')
  assert.equal(json.code, 5)
  const { ok, data, error, hint } = JSON.parse(json.stdout)
  assert.deepEqual(
    [ok, error.code, hint.command, data.problems[0].kind, data.damaged[0].stage],
    [false, 'corrupt', 'waymark repair', 'pack', 'extract'],
  )
})

test('a repair waits for a yes with exit 9, does it, costs what it says, and can be undone', async t => {
  const { project, pack } = await withRun(t)
  flip(pack, middle(pack))
  const before = readFileSync(pack)
  const plan = await project.waymark('repair')
  assert.equal(plan.code, 9)
  assert.match(plan.stdout, /↻ (mend|set aside) pack \w{26}/)
  assert.match(plan.stdout, /↻ mark checkpoint c\w+/)
  assert.match(plan.stdout, /costs {2}extract is called again if run r1 is done anew/)
  assert.match(plan.stderr, /error confirmation[\s\S]*do {5}waymark repair --yes/)
  assert.ok(readFileSync(pack).equals(before))
  const asked = JSON.parse((await project.waymark('repair', '--json')).stdout)
  assert.deepEqual(
    [asked.ok, asked.error.code, asked.hint.command, asked.data.planned],
    [false, 'confirmation', 'waymark repair --yes', true],
  )

  const done = await project.waymark('repair', '--yes', '--json')
  assert.equal(done.code, 0, done.stdout)
  const { data, hint } = JSON.parse(done.stdout)
  assert.deepEqual(data.actions, asked.data.actions)
  assert.equal(hint.command, `waymark repair --undo ${data.id}`)
  assert.equal((await project.waymark('verify', '--full')).code, 0, 'what a repair noted is reported as new')
  const again = await project.waymark('repair', '--yes')
  assert.deepEqual([again.code, /nothing to repair/.test(again.stdout)], [0, true])
  const undone = await project.waymark('repair', '--undo', data.id)
  assert.equal(undone.code, 0, undone.stderr)
  assert.match(undone.stdout, /✓ undone/)
  assert.ok(readFileSync(pack).equals(before))
  assert.equal((await project.waymark('verify', '--full')).code, 5)
})

test('with nothing to repair it says so and exits 0, with --yes or without', async t => {
  const { project } = await withRun(t)
  for (const args of [['repair'], ['repair', '--yes']]) {
    const { code, stdout } = await project.waymark(...args)
    assert.deepEqual([code, stdout], [0, '✓ nothing to repair  the store is intact\n'])
  }
  const { data } = await project.json('repair')
  assert.deepEqual((data as { actions: unknown }).actions, [])
})

test('a damaged catalog stays as it is until a repair is told yes', async t => {
  const { project } = await withRun(t)
  const catalog = join(project.path, '.waymark/catalog.sqlite')
  flip(catalog, 30)
  const before = readFileSync(catalog)
  assert.equal((await project.waymark('verify')).code, 5)
  assert.equal((await project.waymark('repair')).code, 9)
  assert.ok(readFileSync(catalog).equals(before))
  assert.equal((await project.waymark('repair', '--yes')).code, 0)
  assert.equal((await project.waymark('verify')).code, 0)
  assert.match((await project.waymark('ls')).stdout, /r1/)
})

test('a store that may only be read is verified, and its repair is refused as unavailable', {
  skip: process.getuid?.() === 0 ? 'root may write everywhere' : false,
}, async t => {
  const { project, pack } = await withRun(t)
  flip(pack, middle(pack))
  const folders = ['.waymark', '.waymark/packs', '.waymark/segments', '.waymark/claims'].map(name => join(project.path, name))
  for (const folder of folders) chmodSync(folder, 0o500)
  t.after(() => folders.map(folder => chmodSync(folder, 0o700)))
  assert.equal((await project.waymark('verify', '--full')).code, 5)
  assert.equal((await project.waymark('repair')).code, 9)
  assert.equal((await project.waymark('repair', '--yes')).code, 8)
  for (const folder of folders) chmodSync(folder, 0o700)
})

test('wrong input is refused with what is right, and a missing store is not made', async t => {
  const project = await WaymarkProject.create(t)
  for (const args of [['verify'], ['repair'], ['repair', '--yes'], ['repair', '--undo', 'abc']]) {
    const { code, stderr } = await project.waymark(...args)
    assert.equal(code, 7, `${args.join(' ')}: ${stderr}`)
    assert.match(stderr, /there is no store/)
  }
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['verify', '--ful'], 2, /--full/],
    [['verify', 'something'], 2, /verify/],
    [['repair', '--undo'], 2, /undo/],
    [['repair', '--undo', 'abc', '--yes'], 2, /no --yes/],
  ]
  for (const [args, expected, pattern] of cases) {
    const { code, stderr } = await project.waymark(...args)
    assert.deepEqual([code, pattern.test(stderr)], [expected, true], `${args.join(' ')}: ${stderr}`)
  }
})

test('an unknown repair is not found, and a name that is a path is none', async t => {
  const { project } = await withRun(t)
  for (const id of ['nosuch', '../../etc', 'a/b']) {
    const { code, stderr } = await project.waymark('repair', '--undo', id)
    assert.equal(code, 7, stderr)
    assert.match(stderr, /there was no repair/)
  }
})

test('a lost descriptor is `corrupt` for both commands', async t => {
  const { project } = await withRun(t)
  await project.remove('.waymark/waymark.json')
  for (const command of ['verify', 'repair']) {
    const { code, stdout } = await project.waymark(command, '--json')
    assert.deepEqual([code, JSON.parse(stdout).error.code], [5, 'corrupt'])
  }
})
