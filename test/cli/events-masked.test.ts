import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, type PipelineEvent, pipeline } from 'waymark'
import { EventMasks } from '../../src/cli/event-masks.ts'
import type { EachEventOptions } from '../../src/engine/query-events.ts'
import { storeOfTest } from '../engine/store-of-test.ts'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const [pin, token, card] = ['pin-of-the-item-4711', 'token-of-the-run-4712', 'card-of-the-event-4713']

const work = pipeline('work', async (run, { apiToken }) => {
  await run.event('before', { note: `${pin}, ${apiToken} and ${card}` })
  await run.event('paid', { password: card, note: `with ${card}` })
  await run.each(
    'items',
    [{ id: 'a', pin }],
    item => {
      throw new Error(`no ${item.pin} for ${apiToken}`)
    },
    { key: ({ id }) => id, tolerate: { count: 1 } },
  )
  await run.stage('report', () => {
    throw new Error(`broken by ${pin}`)
  })
})

test('A9 X5 an event is shown the same whatever was asked and whatever was shown before, with what its run and its items hide', async t => {
  const { store } = await storeOfTest(t)
  const { path } = store
  for (const runId of ['one', 'two'])
    await assert.rejects(work.run({ apiToken: `${token}-${runId}` }, { store, runId }), { code: 'failed' })
  await pipeline('other', run => run.event('before', { note: `${pin} and ${token}-one` })).run({}, { store, runId: 'other' })
  await store.close()

  // What is asked of another opening knows nothing of what was shown by the one before.
  const shownFor = async (options: EachEventOptions): Promise<readonly PipelineEvent[]> => {
    const reader = await open({ path, redact: ['items.*.pin'] })
    const masks = new EventMasks(reader)
    const events: PipelineEvent[] = []
    for await (const event of reader.eachEvent(options)) events.push((await masks.masked(event)).event)
    await reader.close()
    return events
  }
  const all = new Map((await shownFor({})).map(event => [idOf(event), event]))
  const asked: readonly EachEventOptions[] = [
    { newestFirst: true },
    { last: 3 },
    { run: 'two' },
    { type: 'before' },
    { type: ['stage_error', 'pipeline_error'] },
    { status: 'warning' },
    { run: 'one', type: 'pipeline_error' },
    { stage: 'report' },
    { text: 'broken' },
  ]
  for (const options of asked) {
    const shown = await shownFor(options)
    assert.ok(shown.length > 0, JSON.stringify(options))
    for (const event of shown) assert.deepEqual(event, all.get(idOf(event)), JSON.stringify(options))
  }
  const noteOf = (type: string, run: string): unknown => {
    const { note, message } = all.get(`${run} ${type}`)?.metadata ?? {}
    return note ?? message
  }
  assert.deepEqual(
    [
      noteOf('before', 'one'),
      noteOf('before', 'other'),
      noteOf('paid', 'one'),
      noteOf('item_set_aside', 'two'),
      noteOf('pipeline_error', 'two'),
    ],
    // Of what another run or event hides, nothing is known.
    [`•••, ••• and ${card}`, `${pin} and ${token}-one`, 'with •••', 'no ••• for •••', 'broken by •••'],
  )
})

/** No run here has two of a type at a stage. */
const idOf = ({ run, type, stage = '' }: PipelineEvent): string =>
  [run, type, type.startsWith('stage_') || type === 'checkpoint_saved' ? stage : ''].join(' ').trimEnd()

test('A9 items that are put away while events are followed hide what they hold from then on, in the event that tells of them too', async t => {
  const { store } = await storeOfTest(t)
  const { path } = store
  const reader = await open({ path, redact: ['items.*.pin'] })
  t.after(() => reader.close())
  const masks = new EventMasks(reader, true)
  const notes: unknown[] = []
  const stop = new AbortController()
  await pipeline('work', async run => {
    await run.event('said', { message: `early ${pin}` })
    const { promise: first, resolve: seen } = Promise.withResolvers<void>()
    const following = (async () => {
      for await (const event of reader.eachEvent({ type: ['said', 'item_set_aside'], follow: true, signal: stop.signal })) {
        notes.push((await masks.masked(event)).event.metadata['message'])
        if (notes.length === 1) seen()
        if (notes.length === 3) return
      }
    })()
    await first
    await run.each(
      'items',
      [{ id: 'a', pin }],
      item => {
        throw new Error(`no ${item.pin}`)
      },
      { key: ({ id }) => id, tolerate: { count: 1 } },
    )
    await run.event('said', { message: `late ${pin}` })
    await following
  }).run({}, { store })
  assert.deepEqual(notes, [`early ${pin}`, 'no •••', 'late •••'])
})

test('A9 no search confirms a guess of what is hidden; what is shown is found, however much is hidden after it', async t => {
  const secret = 'PLANTED-SECRET-1'
  const project = await WaymarkProject.create(t, {
    'a.ts': `import { pipeline } from 'waymark'
export default pipeline('a', async (run, params) => {
  await run.event('shown', { note: 'a SECRET-WORD stands here' })
  for (let n = 0; n < 5; n++) await run.event('hidden', { n, apiToken: 'SECRET-WORD', note: 'for ' + params['api-token'] })
})
`,
  })
  await project.waymark('run', 'a.ts', '--api-token', secret, '--run-id', 'r', '-q')
  const found = async (...args: string[]): Promise<readonly unknown[]> => {
    const { stdout, stderr, code } = await project.waymark('events', ...args, '--json')
    assert.equal(code, 0, stderr)
    assert.ok(!stdout.includes(secret))
    return jsonLines(stdout).map(({ type, hint }) => (type === 'exit' ? (hint ?? 'end') : type))
  }
  for (const guess of [secret, 'PLANTED-S', '"apiToken":"S']) assert.deepEqual(await found('--grep', guess), ['end'], guess)
  assert.deepEqual(await found('--grep', 'SECRET-WORD', '--limit', '1'), ['shown', 'end'])
  assert.deepEqual(await found('--grep', 'for ', '--limit', '0'), [...Array.from({ length: 5 }, () => 'hidden'), 'end'])
  const following = project.start(['events', '--follow', '--grep', 'SECRET-WORD', '--limit', '1', '--json'])
  await following.seen(/"shown"/)
  following.signal('SIGINT')
  assert.deepEqual(
    jsonLines((await following.ended).stdout).map(({ type }) => type),
    ['shown', 'exit'],
  )
})
