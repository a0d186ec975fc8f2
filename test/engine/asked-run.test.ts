import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pipeline } from 'waymark'
import { storeOfTest } from './store-of-test.ts'

const work = pipeline('rec', async run => {
  await run.stage('check', ctx => ctx.record('checks', { n: 1 }))
  await run.each(
    'it',
    ['a', 'b'],
    async (key, ctx) => {
      await ctx.event('seen', { key })
      await ctx.record('items', { key })
    },
    { key: key => key },
  )
})

test('A7 A13 events and entries are asked for by the address of a run as by its id, and a run that there is not is not_found', async t => {
  const { store } = await storeOfTest(t)
  await work.run({}, { store, runId: 'abc-1' })
  for (const run of ['abc-1', 'rec@last', '@last', 'abc']) {
    const each: string[] = []
    for await (const { type } of store.eachEvent({ run, type: 'seen' })) each.push(type)
    const entries: string[] = []
    for await (const { stream } of store.eachRecord({ run })) entries.push(stream)
    assert.deepEqual(each, ['seen', 'seen'], run)
    assert.deepEqual(entries, ['checks', 'items', 'items'], run)
    assert.equal((await store.events({ run, type: 'seen' })).events.length, 2, run)
    assert.equal((await store.records({ run, stream: 'items' })).entries.length, 2, run)
  }
  for (const [run, code] of [
    ['nope', 'not_found'],
    ['nope@last', 'not_found'],
    ['', 'invalid'],
    ['rec@lst', 'invalid'],
    ['rec@last/check', 'invalid'],
  ] as const)
    for (const asked of [
      () => store.events({ run }),
      () => store.records({ run }),
      () => store.eachEvent({ run }).next(),
      () => store.eachRecord({ run }).next(),
    ])
      await assert.rejects(asked, { code }, run)
})

test('A7 events of a run that the catalog does not have are asked for by its id, as long as there are any', async t => {
  const { store } = await storeOfTest(t)
  await work.run({}, { store, runId: 'label-1' })
  await store.save({ value: 1, run: 'label' })
  const { events } = await store.events({ run: 'label' })
  assert.deepEqual(
    events.map(({ type, run }) => [type, run]),
    [['checkpoint_saved', 'label']],
  )
  assert.deepEqual(await store.records({ run: 'label' }), { entries: [] })
})

test('A13 entries of one item are asked for by the path of the item', async t => {
  const { store } = await storeOfTest(t)
  await work.run({}, { store, runId: 'r' })
  const { entries } = await store.records({ run: 'r', stage: 'it[b]' })
  assert.deepEqual(
    entries.map(({ entry }) => entry),
    [{ key: 'b' }],
  )
})

test('A13 an export of a stream that the run has not is not_found with what was meant, and leaves no file', async t => {
  const { store, folder } = await storeOfTest(t)
  await work.run({}, { store, runId: 'r' })
  const path = join(folder, 'n.jsonl')
  await assert.rejects(store.exportRecords(path, { run: 'rec@last', stream: 'cheks' }), {
    code: 'not_found',
    message: /did you mean checks\?/,
  })
  await assert.rejects(store.exportRecords(path, { run: 'r', stream: 'zzzzzz' }), { code: 'not_found', remedy: /checks, items/ })
  assert.ok(!existsSync(path))
})

test('A7 refusals beyond those that are told are counted in one notice at the end of the run', async t => {
  const { store } = await storeOfTest(t)
  const notices: string[] = []
  const noisy = pipeline('noisy', run => {
    for (let n = 0; n < 27; n++) run.event('x', { [`bad${n}`]: () => n }).catch(() => {})
  })
  await noisy.run(
    {},
    {
      store,
      onEvent: event => {
        if (event.type === 'notice') notices.push(event.message)
      },
    },
  )
  assert.equal(notices.length, 21)
  assert.match(notices.at(-1) ?? '', /and 7 more were refused/)
})

test('A7 A13 what is refused of events and entries is said in words of its own', async t => {
  const { store } = await storeOfTest(t)
  const messages: string[] = []
  const refused = async (recording: Promise<void>): Promise<void> => {
    await recording.catch((error: Error & { remedy?: string }) => messages.push(`${error.message} ${error.remedy}`))
  }
  const untyped = (value: unknown): never => value as never
  await pipeline('words', async run => {
    await refused(run.event('a\nb'))
    await refused(run.event('x'.repeat(101)))
    await refused(run.metric('m', untyped('12')))
    await refused(run.metric('m', untyped(1n)))
    await refused(run.event('x', { n: 1n }))
    await refused(run.record('s', { text: 'x'.repeat(40_000) }))
    await refused(run.event('x', { text: 'x'.repeat(40_000) }))
  }).run({}, { store })
  for (const [at, said] of [
    /holds a control character.*"a\\nb"/,
    /1 to 100 characters, not "x{50}"… of 101/,
    /m is "12", not a finite number/,
    /m is 1n, not a finite number/,
    /holds 1n at n/,
    /its id into the entry/,
    /its id into the event/,
  ].entries())
    assert.match(messages[at] ?? '', said)
})
