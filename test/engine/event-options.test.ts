import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EventOptions, isWaymarkError, pipeline, type Run } from 'waymark'
import { storeOfTest } from './store-of-test.ts'

test('A7 A10 an option that event, metric and quality do not have is refused with what was meant, on the run and in a stage', async t => {
  const { store } = await storeOfTest(t)
  const messages: string[] = []
  const refused = async (call: Promise<void>): Promise<void> => {
    const error: unknown = await call.then(
      () => undefined,
      thrown => thrown,
    )
    assert.ok(isWaymarkError(error, 'invalid'), String(error))
    messages.push(`${error.message}. ${error.remedy.split(';')[0]}`)
  }
  // Types are gone when a program runs.
  const misspelt = (options: unknown): EventOptions => options as EventOptions
  const told = async (verbs: Pick<Run, 'event' | 'metric' | 'quality'>): Promise<void> => {
    await refused(verbs.event('bad', {}, misspelt({ stauts: 'error' })))
    await refused(verbs.event('bad', {}, misspelt('error')))
    await refused(verbs.event('bad', {}, misspelt(null)))
    await refused(verbs.quality({ outliers: 1 }, misspelt({ level: 'warning' })))
    await refused(verbs.metric('m', 1, misspelt({ unit: 'ms' }) as string))
    await refused(Reflect.apply(verbs.metric, verbs, ['m', 1, 'ms', { status: 'warning' }]))
    await verbs.event('good', {}, { status: undefined as never })
    await verbs.metric('m', 1, undefined)
  }
  const { run } = await pipeline('work', async own => {
    await told(own)
    await own.stage('inner', told)
  }).run({}, { store })
  const expected = [
    'event: there is no option "stauts". Did you mean status?',
    'event: the options are "error", not an object. Give an object, or leave it out.',
    'event: the options are null, not an object. Give an object, or leave it out.',
    'quality: there is no option "level". There are status.',
    "the metric m has an object as its unit, which is a text. run.metric('rows_per_second', 51_200, 'rows/s')",
    "the metric m takes no options behind its unit. run.metric('rows_per_second', 51_200, 'rows/s')",
  ]
  assert.deepEqual(messages, [...expected, ...expected])
  const { byType } = await store.eventSummary(run)
  assert.deepEqual(
    [byType['bad'], byType['good'], byType['performance_metric'], byType['data_quality_check']],
    [undefined, 2, 2, undefined],
  )
})
