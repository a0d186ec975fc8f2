import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from 'waymark'
import { WaymarkProject } from './waymark-project.ts'
import { withCheckpoints } from './with-checkpoints.ts'

async function training(store: Store): Promise<void> {
  for (let epoch = 0; epoch < 12; epoch++) {
    await store.save({
      ...{ id: `e${epoch}`, run: 'train-1', stage: epoch < 6 ? 'warm-up' : `fit[${epoch}]`, type: 'model' },
      tags: epoch % 2 === 0 ? ['even'] : ['odd', 'best'],
      metadata: { loss: 1 / (epoch + 1), note: epoch === 3 ? 'keep this' : '17' },
      value: { epoch, weights: Array.from({ length: epoch * 100 }, (_, i) => i) },
    })
  }
  await store.save({ id: 'old', value: 1, ttlMs: 0 })
  await store.pin('e3', { name: 'release' })
}

const idsOf = (document: Record<string, unknown>): string[] =>
  (document['data'] as { readonly checkpoints: readonly { readonly id: string }[] }).checkpoints.map(one => one.id)

test('checkpoints are listed newest first, plain in a pipe, with what each is', async t => {
  const project = await withCheckpoints(t, training)
  const { code, stdout, stderr } = await project.waymark('checkpoints', '--limit', '3')
  assert.deepEqual([code, stderr], [0, ''])
  const lines = stdout.trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^ID +AGE +TYPE +RUN +STAGE +SIZE +STORED +TAGS +STATUS$/)
  assert.match(lines[1] ?? '', /^old +\d+ s +state +1 B +1 B +expired$/)
  assert.match(lines[2] ?? '', /^e11 +\d+ s +model +train-1 +fit\[11\] +[\d.]+ KB +[\d.]+ KB +odd,best +active$/)
  assert.match(lines[4] ?? '', /^3 of 13 checkpoints · newest first · there are more$/)
  assert.match(lines[5] ?? '', /^next: waymark checkpoints --limit 3 --after \S+$/)
  assert.ok(!stdout.includes('\u001b'))
})

test('the next page goes on where the page before ended, with the same conditions and sorting', async t => {
  const project = await withCheckpoints(t, training)
  const seen: string[] = []
  let words = ['checkpoints', 'train-1', '--where', 'metadata.loss<0.9', '--sort', 'metadata.loss:desc', '--limit', '4']
  for (let pages = 0; pages < 9; pages++) {
    const document = await project.json(...words)
    seen.push(...idsOf(document))
    const hint = document['hint'] as { readonly command: string } | undefined
    if (hint === undefined) break
    words = hint.command
      .replace(/^waymark /, '')
      .split(' ')
      .map(word => word.replace(/^'(.*)'$/, '$1'))
  }
  assert.deepEqual(seen, ['e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8', 'e9', 'e10', 'e11'])
})

test('conditions are read as JSON, as text and as times, and all must hold', async t => {
  const project = await withCheckpoints(t, training)
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      ['metadata.loss<=0.1', 'metadata.loss>0.085'],
      ['e10', 'e9'],
    ],
    [['metadata.note=keep this'], ['e3']],
    [['metadata.note!="17"', 'type=model'], ['e3']],
    [['metadata.note=17'], []],
    [['metadata.note~keep'], ['e3']],
    [
      ['tags=odd', 'tags=best', 'stage~fit['],
      ['e11', 'e9', 'e7'],
    ],
    [['pinned=true'], ['e3']],
    [['pins=release'], ['e3']],
    [['id=e3', 'createdAt>2020-01-01'], ['e3']],
    [['createdAt<2020-01-01T00:00Z'], []],
    [['expiresAt?'], ['old']],
    [['status=expired'], ['old']],
  ]
  for (const [conditions, expected] of cases) {
    const found = await project.json('checkpoints', ...conditions.flatMap(one => ['--where', one]))
    assert.deepEqual(idsOf(found), expected, conditions.join(' and '))
  }
})

test('a condition or sorting that is none is invalid, and says what there is', async t => {
  const project = await withCheckpoints(t, training)
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--where', 'loss<1'], /no field "loss"[\s\S]*metadata\.loss/],
    [['--where', 'statsu=active'], /Did you mean status\?/],
    [['--where', 'status=dead'], /no status/],
    [['--where', 'nonsense'], /is no condition[\s\S]*field~prefix/],
    [['--where', 'rows=many'], /cannot be compared/],
    [['--where', 'type=a', '--where', 'type=b'], /another --where/],
    [['--sort', 'createdat'], /Did you mean createdAt\?/],
    [['--status', 'actve'], /did you mean active\?/],
    [['--after', 'xyz'], /no cursor/],
    [['--limit', '0'], /at least 1/],
    [['--tga', 'x'], /did you mean --tag\?/],
  ]
  for (const [args, pattern] of cases) {
    const { code, stdout, stderr } = await project.waymark('checkpoints', ...args)
    assert.deepEqual([code, stdout], [2, ''], args.join(' '))
    assert.match(stderr, pattern)
    const json = await project.waymark('checkpoints', ...args, '--json')
    assert.deepEqual([json.code, JSON.parse(json.stdout).error.code, json.stderr], [2, 'invalid', ''])
  }
})

test('an address picks a run, a stage, the calls of it in a loop or one of them; a wrong one says what is near', async t => {
  const project = await withCheckpoints(t, training)
  const cases: readonly (readonly [string, number])[] = [
    ['train-1', 12],
    ['train-1/warm-up', 6],
    ['train-1/fit', 6],
    ['train-1/fit/7', 1],
    ['train-1/fit[7]', 1],
  ]
  for (const [address, count] of cases) assert.equal(idsOf(await project.json('checkpoints', address)).length, count, address)
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['train-2', /did you mean train-1\?/],
    ['train-1/warmup', /did you mean warm-up\?/],
    ['@last', /no run/],
  ]
  for (const [address, pattern] of wrong) {
    const { code, stderr } = await project.waymark('checkpoints', address)
    assert.equal(code, 7)
    assert.match(stderr, pattern)
  }
})

test('nothing to list says so, and how to make some; no store is not found', async t => {
  const project = await withCheckpoints(t, async () => {})
  const empty = await project.waymark('checkpoints')
  assert.deepEqual(
    [empty.code, /^no checkpoints yet\nnext: waymark run FILE.*waymark import FILE/.test(empty.stdout)],
    [0, true],
    empty.stdout,
  )
  assert.match((await project.waymark('stats')).stdout, /no checkpoints yet/)
  const other = await withCheckpoints(t, training)
  assert.match(
    (await other.waymark('checkpoints', '--type', 'x')).stdout,
    /^no checkpoint with type x\nnext: waymark checkpoints {2}lists all 13\n$/,
  )
  const bare = await WaymarkProject.create(t)
  for (const args of [
    ['checkpoints'],
    ['stats'],
    ['pin', 'x'],
    ['unpin', 'x'],
    ['export', 'x'],
    ['import', 'package.json'],
    ['show', 'x'],
  ]) {
    assert.equal((await bare.waymark(...args)).code, 7, args.join(' '))
  }
})

test('a pin holds a checkpoint until it is removed, by its name', async t => {
  const project = await withCheckpoints(t, training)
  const pinned = await project.waymark('pin', 'e5', '--name', 'audit', '--reason', "it's used")
  assert.deepEqual(
    [pinned.code, pinned.stdout],
    [0, "✓ pinned e5 · held by audit (it's used)\nundo: waymark unpin e5 --name audit\n"],
  )
  const { data } = JSON.parse((await project.waymark('pin', 'e5', '--json')).stdout)
  assert.deepEqual(
    data.checkpoint.pins.map((pin: { readonly name: string }) => pin.name),
    ['audit', 'default'],
  )
  assert.match(data.checkpoint.pins[0].at, /^\d{4}-.*Z$/)
  assert.match((await project.waymark('show', 'e5')).stdout, /pinned {3}audit: it's used/)
  assert.equal((await project.waymark('unpin', 'e5')).code, 0)
  const wrong = await project.waymark('unpin', 'e5')
  assert.equal(wrong.code, 7)
  assert.match(wrong.stderr, /Its pins are: audit/)
  assert.match((await project.waymark('unpin', 'e5', '--name', 'audit')).stdout, /no pin is left/)
  const unknown = await project.waymark('pin', 'e99')
  assert.equal(unknown.code, 7)
  assert.match(unknown.stderr, /did you mean e\d+\?/)
})

test('stats add up: by type, status and stage, and what lies on the disk', async t => {
  const project = await withCheckpoints(t, training)
  const { data } = JSON.parse((await project.waymark('stats', '--json')).stdout)
  assert.deepEqual([data.checkpoints, data.expired, data.pinned, data.statuses.active], [13, 1, 1, 12])
  assert.deepEqual(
    data.types.map((one: { readonly value: string; readonly checkpoints: number }) => [one.value, one.checkpoints]),
    [
      ['model', 12],
      ['state', 1],
    ],
  )
  assert.ok(data.physical.bytes > data.physical.log.bytes && data.physical.log.bytes > 0)
  assert.match(data.newestAt, /Z$/)
  const { stdout } = await project.waymark('stats')
  assert.match(stdout, /^store +\S+\nholds +0 runs, 13 checkpoints, the newest/)
  assert.match(stdout, /^status +12 active · 1 expired · 1 pinned$/m)
  assert.match(stdout, /^TYPE +CHECKPOINTS +SIZE +STORED( +SMALLER)?\nmodel +12 /m)
  assert.match(stdout, /^STAGE[^\n]*\n(fit\[\*\]|warm-up) +6 /m)
  assert.match(stdout, /next: waymark checkpoints --status expired/)
})
