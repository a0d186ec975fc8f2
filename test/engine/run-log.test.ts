import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { open, pipeline } from 'waymark'

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-run-log-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what JSON.parse gives
const linesOf = (...path: string[]): any[] =>
  readFileSync(join(...path), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))

const work = pipeline('etl', async (run, { token }) => {
  await run.stage('fetch', () => 1)
  await run.each(
    'items',
    ['a', 'b'],
    item => {
      if (item === 'b') throw new Error(`no ${item} with ${token}`, { cause: new RangeError('the deeper reason') })
      return item
    },
    { key: String, tolerate: { count: 1 } },
  )
  await run.stage('load', () => {
    throw new TypeError(`refused for ${token}`, { cause: new Error('503 of the server') })
  })
})
const params = { token: 'secret-of-mine-4711' }

test('A7 A8 log files say what is recorded, a line an event: all of it, events alone, and errors with stack and causes', () =>
  withFolder(async folder => {
    const store = await open({ path: join(folder, '.waymark'), logs: { perStage: true } })
    await assert.rejects(work.run(params, { store, runId: 'r1' }), { code: 'failed' })
    await store.close()
    const logs = join(folder, 'logs')
    const all = linesOf(logs, 'pipeline.log')
    assert.deepEqual(
      all.map(({ level, event_type, stage, item, status }) => [level, event_type, stage, item, status].filter(Boolean).join(' ')),
      [
        'info pipeline_start info',
        'info stage_start fetch info',
        'info checkpoint_saved fetch success',
        'info stage_complete fetch success',
        'info stage_start items info',
        'warn item_set_aside items b warning',
        'warn stage_complete items warning',
        'info stage_start load info',
        'error stage_error load error',
        'info checkpoint_saved load success',
        'error pipeline_error error',
      ],
    )
    for (const { run, pipeline: name, attempt, timestamp } of all) {
      assert.deepEqual([run, name, attempt], ['r1', 'etl', 1])
      assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    }
    const events = linesOf(logs, 'events', 'events.log')
    assert.deepEqual(
      events.map(({ event_type }) => event_type),
      all.map(({ event_type }) => event_type),
    )
    const errors = linesOf(logs, 'errors', 'errors.log')
    assert.deepEqual(
      errors.map(({ event_type, err }) => [event_type, err.name, err.cause.message]),
      [
        ['item_set_aside', 'Error', 'the deeper reason'],
        ['stage_error', 'TypeError', '503 of the server'],
        ['pipeline_error', 'TypeError', '503 of the server'],
      ],
    )
    for (const { err } of errors) assert.match(err.stack, /run-log\.test\.ts/)
    assert.deepEqual(
      linesOf(logs, 'stages', 'items.log').map(({ event_type }) => event_type),
      ['stage_start', 'item_set_aside', 'stage_complete'],
    )
    assert.deepEqual(readdirSync(join(logs, 'stages')).sort(), ['fetch.log', 'items.log', 'load.log'])
    for (const name of ['pipeline.log', 'events/events.log', 'errors/errors.log'])
      assert.ok(!readFileSync(join(logs, name), 'utf8').includes(params.token), `${name} shows a secret`)
  }))

test('A8 what is below the level is not written, and nothing is without logs', () =>
  withFolder(async folder => {
    const quiet = await open({ path: join(folder, '.waymark'), logs: { folder: join(folder, 'mine'), level: 'error' } })
    await assert.rejects(work.run(params, { store: quiet }), { code: 'failed' })
    await quiet.close()
    assert.deepEqual(
      linesOf(folder, 'mine', 'pipeline.log').map(({ event_type }) => event_type),
      ['stage_error', 'pipeline_error'],
    )
    assert.deepEqual(readdirSync(join(folder, 'mine')).sort(), ['.lock', 'errors', 'events', 'pipeline.log'])
    const none = await open(join(folder, '.waymark'))
    await none.save({ value: 1 })
    await none.close()
    assert.equal(existsSync(join(folder, 'logs')), false)
  }))

test('A8 a folder of logs that goes away is made again, and one that cannot be is told of once; the run goes on', () =>
  withFolder(async folder => {
    const logs = join(folder, 'logs')
    const store = await open({ path: join(folder, '.waymark'), logs: {} })
    await store.save({ value: 1, id: 'one' })
    await new Promise(resolve => setTimeout(resolve, 400))
    assert.equal(linesOf(logs, 'pipeline.log').length, 1)
    renameSync(logs, join(folder, 'elsewhere'))
    await store.save({ value: 2, id: 'two' })
    await new Promise(resolve => setTimeout(resolve, 400))
    assert.equal(linesOf(logs, 'pipeline.log').length, 1)
    rmSync(logs, { recursive: true })
    writeFileSync(logs, 'a file')
    const { state } = await pipeline('p', run => run.stage('s', () => 1)).run({}, { store })
    await store.save({ value: 3, id: 'three' })
    await new Promise(resolve => setTimeout(resolve, 400))
    assert.equal(state, 'completed')
    const told = store.notices().filter(notice => notice.includes('pipeline.log'))
    assert.equal(told.length, 1, told.join('\n'))
    assert.match(told[0] ?? '', /cannot be written: .*; the run goes on, and its events are in the store/)
    // What waited is written when it can be.
    rmSync(logs)
    await store.close()
    const ids = linesOf(logs, 'pipeline.log').map(({ metadata }) => metadata.checkpoint)
    assert.ok(ids.includes('three'), ids.join())
    assert.ok(store.notices().some(notice => notice.includes('pipeline.log is written again')))
  }))

test('A8 a logger of one’s own gets every line, and one that throws hurts nothing', () =>
  withFolder(async folder => {
    const lines: string[] = []
    const mine = pino({ level: 'info' }, { write: line => lines.push(line) })
    const store = await open({ path: join(folder, '.waymark'), logs: mine })
    await assert.rejects(work.run(params, { store, runId: 'r1' }), { code: 'failed' })
    await store.close()
    const types = lines.map(line => JSON.parse(line).event_type)
    assert.ok(types.includes('stage_complete') && types.includes('pipeline_error'))
    assert.match(lines.find(line => line.includes('stage_error')) ?? '', /503 of the server/)
    let failed = 0
    const bad = () => {
      failed++
      throw new Error(`the logger is broken, ${failed}`)
    }
    const other = await open({ path: join(folder, '.waymark'), logs: { info: bad, warn: bad, error: bad } })
    await other.save({ value: 1 })
    await other.save({ value: 2 })
    await other.close()
    assert.deepEqual(other.notices(), [
      'the logger failed; the run goes on, and its events are in the store: the logger is broken, 1',
    ])
  }))

test('A8 options of logs that there are not, and loggers that are none, are refused before anything is made', () =>
  withFolder(async folder => {
    const path = join(folder, '.waymark')
    const refused = async (logs: unknown, message: RegExp): Promise<void> => {
      // @ts-expect-error not what may be given
      await assert.rejects(open({ path, logs }), { code: 'invalid', message })
    }
    await refused({ levle: 'info' }, /levle/)
    await refused({ level: 'loud' }, /its level is one of trace/)
    await refused({ files: -1 }, /files is a number from 0/)
    await refused('logs', /neither an object of options nor a logger/)
    await refused({ info: () => {}, warn: () => {} }, /has no function error/)
    assert.equal(existsSync(path), false)
  }))

test('A8 lines that could not be written until the store is closed are counted, of each log', () =>
  withFolder(async folder => {
    const logs = join(folder, 'logs')
    const store = await open({ path: join(folder, '.waymark'), logs: {} })
    await store.save({ value: 1 })
    await new Promise(resolve => setTimeout(resolve, 400))
    rmSync(logs, { recursive: true })
    writeFileSync(logs, 'a file')
    await assert.rejects(work.run(params, { store }), { code: 'failed' })
    await store.close()
    const told = store.notices().filter(notice => notice.includes('missing'))
    assert.deepEqual(
      told.map(notice => notice.replace(`${logs}/`, '')),
      [
        ['pipeline.log', 11],
        ['events/events.log', 11],
        ['errors/errors.log', 3],
      ].map(([name, lines]) => `the log file ${name} could not be written until the end; lines that are missing in it: ${lines}`),
    )
  }))
