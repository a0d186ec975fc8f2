import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { open, type Store } from 'waymark'
import { threeStages, WaymarkProject } from './waymark-project.ts'

async function withCheckpoints(t: TestContext, fill: (store: Store) => Promise<unknown>): Promise<WaymarkProject> {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const store = await open({ path: `${project.path}/.waymark` })
  await fill(store)
  await store.close()
  return project
}

const value = { step: 3, metrics: { loss: 0.25, at: new Date(0) }, big: 'x'.repeat(9_000), escape: '\u001b[31mred', n: 5n }

test('[E4] show tells what a checkpoint is, its sizes, labels and the keys in it, the largest first', async t => {
  const project = await withCheckpoints(t, async store => {
    await store.save({
      id: 'mine',
      run: 'r',
      stage: 's',
      type: 'model',
      tags: ['a', 'b'],
      metadata: { loss: 0.25 },
      description: 'the best',
      ttlMs: 3_600_000,
      value,
    })
    await store.pin('mine', { reason: 'why not' })
  })
  const { code, stdout, stderr } = await project.waymark('show', 'mine')
  assert.deepEqual([code, stderr], [0, ''])
  for (const pattern of [
    /^◆ mine · model · active · \d+ s ago\n/,
    /^ {2}says {5}the best$/m,
    /^ {2}run {6}r\/s$/m,
    /^ {2}holds {4}one value with 5 keys$/m,
    /^ {2}size {5}9\.\d KB \(9,\d\d\d bytes\), stored [\d.]+ K?B, [\d.]+ times smaller$/m,
    /^ {2}tags {5}a, b$/m,
    /^ {2}pinned {3}default: why not \(\d+ s ago\)$/m,
    /^ {2}expires {2}in (1 h|60 m) \(20/m,
    /^ {2}digest {3}chunks:sha256:[0-9a-f]{64}$/m,
    /^ {2}metadata loss {2}0\.25$/m,
    /^ {2}keys {5}big {6}9\.0 KB {2}█+░* +99 %\n/m,
    /next {5}waymark show mine --value · waymark export mine\n$/,
  ]) {
    assert.match(stdout, pattern)
  }
  const { data, hint } = (await project.json('show', 'mine')) as { data: { checkpoint: Record<string, unknown> }; hint: unknown }
  assert.deepEqual(hint, { command: 'waymark show mine --value' })
  assert.equal(data.checkpoint['status'], 'active')
  assert.match(String(data.checkpoint['expiresAt']), /Z$/)
  assert.deepEqual(
    (data.checkpoint['keys'] as { key: string }[]).map(one => one.key),
    ['step', 'metrics', 'big', 'escape', 'n'],
  )
})

test('--value prints what it holds, harmless; --path a part of it; --json plain JSON and where it is lossy', async t => {
  const project = await withCheckpoints(t, async store => {
    await store.save({ id: 'mine', value })
    await store.save({ id: 'table', rows: Array.from({ length: 1_500 }, (_, id) => ({ id })) })
    await store.save({ id: 'raw', bytes: Buffer.alloc(100_000, 0xfe) })
    await store.save({ id: 'files', files: join(store.path, '../etl.ts') })
  })
  const shown = await project.waymark('show', 'mine', '--value')
  assert.match(shown.stdout, /^\{\n {2}step: 3,\n {2}metrics: \{ loss: 0\.25, at: 1970-01-01T00:00:00\.000Z \}/)
  assert.ok(!shown.stdout.includes('\u001b'))
  assert.equal((await project.waymark('show', 'mine', '--path', 'metrics.loss')).stdout, '0.25\n')
  const part = await project.json('show', 'mine', '--path', 'metrics')
  assert.deepEqual((part['data'] as { value: unknown }).value, { loss: 0.25, at: '1970-01-01T00:00:00.000Z' })
  const whole = (await project.json('show', 'mine', '--value'))['data'] as {
    value: { n: string }
    lossy: unknown
    lossyCount: number
  }
  assert.deepEqual([whole.value.n, whole.lossyCount], ['5', 2])
  assert.deepEqual(whole.lossy, [
    { path: 'metrics.at', what: 'a Date became text' },
    { path: 'n', what: 'a BigInt became text' },
  ])
  const rows = await project.waymark('show', 'table', '--value')
  assert.deepEqual([rows.stdout.trimEnd().split('\n').length, rows.stdout.split('\n')[1]], [20, '{ id: 1 }'])
  assert.match(rows.stderr, /1,480 of 1,500 rows are not shown.*waymark export table/)
  const jsonRows = (await project.json('show', 'table', '--value'))['data'] as { value: unknown[]; cut: string }
  assert.deepEqual([jsonRows.value.length, jsonRows.cut], [1000, '500 of 1500 rows are left out'])
  const raw = await project.waymark('show', 'raw', '--value')
  assert.match(raw.stdout, /^000000 {2}(fe ){16}/)
  assert.match(raw.stderr, /the first 256 B of 100 KB are shown/)
  for (const [args, exit] of [
    [['files', '--value'], 2],
    [['mine', '--path', 'nosuch'], 7],
    [['mine', '--path', 'a[['], 2],
    [['table', '--path', 'a'], 2],
  ] as const) {
    const ended = await project.waymark('show', ...args)
    assert.deepEqual([ended.code, ended.stdout], [exit, ''], ended.stderr)
  }
})

test('a run goes before a checkpoint of the same name, an id in full before the beginning of another; prefixes do', async t => {
  const project = await withCheckpoints(t, async store => {
    for (const id of ['same', 'same-as', 'r', 'once']) await store.save({ id, value: id })
  })
  await project.waymark('run', 'etl.ts', '--items', '2', '--run-id', 'same', '--quiet')
  await project.waymark('run', 'etl.ts', '--items', '3', '--run-id', 'run-two', '--quiet')
  const shows = async (word: string) => (await project.waymark('show', word)).stdout.split('\n')[0]
  assert.match((await shows('same')) ?? '', /^✓ orders same · completed/)
  assert.match((await shows('run-t')) ?? '', /^✓ orders run-two/)
  assert.match((await shows('r')) ?? '', /^◆ r · state/)
  assert.match((await shows('on')) ?? '', /^◆ once · state/)
  const [drawn = ''] = (
    (await project.json('checkpoints', 'same/report'))['data'] as { checkpoints: { id: string }[] }
  ).checkpoints.map(one => one.id)
  assert.match((await shows(drawn.slice(0, 8))) ?? '', new RegExp(`^◆ ${drawn} · stage`))
  const near = await project.waymark('show', 'onse')
  assert.equal(near.code, 7)
  assert.match(near.stderr, /no run or checkpoint "onse".*Did you mean once\?[\s\S]*waymark show once/)
  const run = await project.waymark('show', 'same', '--value')
  assert.deepEqual([run.code, /names a run/.test(run.stderr)], [2, true])
  const part = await project.waymark('show', 'same', '--path', 'n')
  assert.deepEqual([part.code, /names a run, and --path shows a part/.test(part.stderr)], [2, true], part.stderr)
  const several = await project.waymark('export', 'same-')
  assert.equal(several.code, 0)
  const ambiguous = await project.waymark('export', 'sam')
  assert.deepEqual([ambiguous.code, /fits several checkpoints: /.test(ambiguous.stderr)], [2, true], ambiguous.stderr)
})

test('E10 --path and --value of RUN/STAGE or PIPELINE@last/STAGE are of its newest checkpoint, as of export, query and diff', async t => {
  const project = await withCheckpoints(t, async store => {
    await store.save({ run: 'train', stage: 'fit', value: { loss: 2 } })
    await store.save({ run: 'train', stage: 'fit', value: { loss: 1 } })
  })
  await project.waymark('run', 'etl.ts', '--items', '2', '--run-id', 'one', '--quiet')
  assert.equal((await project.waymark('show', 'train/fit', '--path', 'loss')).stdout, '1\n')
  const { stdout, code } = await project.waymark('show', 'orders@last/report', '--value')
  assert.deepEqual([stdout, code], [(await project.waymark('show', 'one/report', '--value')).stdout, 0])
  assert.notEqual(stdout, '')
  assert.equal((await project.waymark('show', 'train/fitt', '--path', 'loss')).code, 7)
})

test('a checkpoint that cannot be read is shown with what is wrong; its value exits 5 and prints nothing', async t => {
  const project = await withCheckpoints(t, async store => {
    await store.save({ id: 'lost', value: Array.from({ length: 60_000 }, (_, i) => Math.sqrt(i)), full: true })
  })
  const packs = join(project.path, '.waymark/packs')
  for (const name of readdirSync(packs)) rmSync(join(packs, name))
  assert.equal((await project.waymark('show', 'lost')).code, 0)
  const { code, stdout, stderr } = await project.waymark('show', 'lost', '--value')
  assert.deepEqual([code, stdout], [5, ''])
  assert.match(stderr, /error corrupt/)
})
