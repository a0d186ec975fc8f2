import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { codec, csv, type DiffReport, isWaymarkError, jsonl, open, parquet, pipeline, type Store, table } from 'waymark'
import { isOfTime, runFacts } from '../../src/engine/diff-facts.ts'
import { withStore } from './with-store.ts'

/** Kind and path of each difference of two values. */
function told(report: DiffReport): string[] {
  assert.ok(report.kind === 'checkpoints' && report.content.form === 'value', inspect(report, { depth: 4 }))
  return report.content.differences.map(({ kind, path }) => `${kind} ${path}`)
}

const refused = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(isWaymarkError(error), String(error))
  assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message)
  return true
}

const orders = pipeline('orders', async (run, params: { readonly [name: string]: unknown }) => {
  const rows = run.stage('extract', () => Array.from({ length: Number(params['items'] ?? 30) }, (_, id) => ({ id, total: id })))
  const { done } = await run.each('enrich', rows, ({ id }) => id)
  await run.stage('same', () => ({ a: 1 }))
  await run.stage('totals', () => ({ EUR: done, USD: 5, apiKey: `k${done}` }))
  if (params['fail'] !== undefined) throw new Error('after all')
  return { cursor: `2026-11-${done}`, done }
})

test('E9 A17 two checkpoints are compared by what they hold, by any address, and nothing is read where their digests are the same', () =>
  withStore(async store => {
    await store.save({ id: 'one', run: 'train', stage: 'fit', value: { loss: 1, at: new Date(0), list: [1, 2] } })
    await store.save({ id: 'two', run: 'train', stage: 'fit', value: { loss: 0.5, at: new Date(0), list: [1, 2, 3] } })
    await store.save({ id: 'copy', value: { loss: 1, at: new Date(0), list: [1, 2] } })
    assert.deepEqual(told(await store.diff('one', 'two')), ['changed loss', 'added list[2]'])
    assert.deepEqual(told(await store.diff('one', 'train/fit')), ['changed loss', 'added list[2]'])
    assert.deepEqual(told(await store.diff('on', 'tw', { ignore: ['list'] })), ['changed loss'])
    const same = await store.diff('one', 'copy')
    assert.ok(same.kind === 'checkpoints')
    assert.deepEqual([same.same, same.content], [true, { form: 'same' }])
    const ignored = await store.diff('one', 'two', { ignore: ['loss', 'list'] })
    assert.equal(ignored.same, true)
  }))

test('E9 large values that are stored in chunks, rows, bytes, files and instances of a class are compared as what they are', () =>
  withStore(
    async (store, folder) => {
      const rows = Array.from({ length: 8_000 }, (_, id) => ({ id, name: `row ${id}`, amount: id / 3 }))
      await store.save({ id: 'a', value: { rows, price: new Money(1) } })
      await store.save({
        id: 'b',
        value: { rows: rows.with(5_000, { id: 5_000, name: 'other', amount: 0 }), price: new Money(2) },
      })
      assert.deepEqual(told(await store.diff('a', 'b')), [
        'changed rows[5000].name',
        'changed rows[5000].amount',
        'changed price',
      ])
      await store.save({ id: 'rows-a', rows: rows.slice(0, 5_000) })
      await store.save({ id: 'rows-b', rows: rows.slice(1, 5_000).toReversed() })
      const table = await store.diff('rows-a', 'rows-b')
      assert.ok(table.kind === 'checkpoints' && table.content.form === 'rows')
      assert.deepEqual([table.content.removed, table.content.added, table.content.equal, table.content.key], [1, 0, 4_999, 'id'])
      await store.save({ id: 'bytes-a', bytes: Buffer.alloc(300_000, 'ab') })
      await store.save({ id: 'bytes-b', bytes: Buffer.concat([Buffer.alloc(200_001, 'ab'), Buffer.from('x')]) })
      const bytes = await store.diff('bytes-a', 'bytes-b')
      assert.ok(bytes.kind === 'checkpoints')
      assert.deepEqual(bytes.content, { form: 'bytes', bytesBefore: 300_000, bytesAfter: 200_002, firstDifference: 200_001 })
      for (const [name, files] of Object.entries({
        'files-a': {
          'same.txt': 's'.repeat(2e5),
          'tail.txt': `${'t'.repeat(2.5e6)}1`,
          'changed.txt': 'abc',
          'gone.txt': 'x',
          'empty.txt': '',
        },
        'files-b': {
          'same.txt': 's'.repeat(2e5),
          'tail.txt': `${'t'.repeat(2.5e6)}2`,
          'changed.txt': 'abd',
          'new.txt': 'xy',
          'empty.txt': '',
        },
      })) {
        mkdirSync(join(folder, name))
        for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), text)
        await store.save({ id: name, files: join(folder, name) })
      }
      const files = await store.diff('files-a', 'files-b')
      assert.ok(files.kind === 'checkpoints')
      assert.deepEqual(files.content, {
        form: 'files',
        added: [{ name: 'new.txt', bytes: 2 }],
        removed: [{ name: 'gone.txt', bytes: 1 }],
        changed: [
          { name: 'changed.txt', bytesBefore: 3, bytesAfter: 3 },
          { name: 'tail.txt', bytesBefore: 2_500_001, bytesAfter: 2_500_001 },
        ],
        equal: 2,
      })
      await assert.rejects(store.diff('a', 'files-a'), refused('invalid', /a holds a value, and files-a holds files/))
    },
    { codecs: [codecOfMoney()] },
  ))

class Money {
  readonly #cents: number
  constructor(cents: number) {
    this.#cents = cents
  }
  get cents(): number {
    return this.#cents
  }
}
const codecOfMoney = () => codec(Money, { tag: 'money', encode: money => money.cents, decode: cents => new Money(cents) })

test('X6 A17 two runs are compared as wholes and stage by stage; what is equal is counted, how long it took is no difference', () =>
  withStore(async store => {
    const first = await orders.run({}, { store, runId: 'first' })
    assert.equal(first.state, 'completed')
    await orders.run({ items: '40' }, { store, runId: 'second' })
    await orders.run({}, { store, runId: 'third', fresh: true })
    const report = await store.diff('first', 'second')
    assert.ok(report.kind === 'runs')
    assert.equal(report.same, false)
    assert.deepEqual(
      report.facts
        .filter(({ name }) => name !== 'duration')
        .map(fact => ('differences' in fact ? fact.differences.map(one => [fact.name, one.kind, one.path]) : fact)),
      [[['params', 'added', 'items']]],
    )
    const stages = report.stages.map(({ stage, facts, content }) => [
      stage,
      facts.map(({ name }) => name).filter(name => name !== 'speed' && name !== 'duration'),
      content?.form,
    ])
    assert.deepEqual(stages, [
      ['extract', [], 'rows'],
      ['enrich', ['input', 'items'], 'value'],
      ['totals', [], 'value'],
    ])
    assert.equal(report.equalStages, 1)
    const again = await store.diff('first', 'third')
    assert.equal(again.same, true, inspect(again, { depth: 6 }))
  }))

test('X6 with one address, it is compared with the newest finished run before it: a run, a stage, a result, a checkpoint of a stage', () =>
  withStore(async store => {
    await assert.rejects(store.diff('nothing'), refused('not_found', /there is no run or checkpoint "nothing"/))
    await orders.run({ items: '31' }, { store, runId: 'good-1' })
    await assert.rejects(store.diff('good-1'), refused('not_found', /no other run of orders is finished/))
    await orders.run({ items: '32' }, { store, runId: 'good-2' })
    await assert.rejects(orders.run({ items: '33', fail: '1' }, { store, runId: 'bad' }))
    await orders.run({ items: '34' }, { store, runId: 'later' })
    const report = await store.diff('bad')
    assert.deepEqual([report.a.run, report.a.address, report.b.run], ['good-2', 'last good', 'bad'])
    assert.ok(report.kind === 'runs' && report.facts.some(({ name }) => name === 'error'))
    const stage = await store.diff('bad/totals')
    assert.deepEqual([stage.a.run, stage.a.stage], ['good-2', 'totals'])
    assert.deepEqual(told(stage), ['changed EUR', 'changed apiKey'])
    assert.deepEqual(told(await store.diff((await store.latest({ run: 'bad', stage: 'totals' }))?.id ?? '')), told(stage))
    const { resultId = '' } = await store.run('later')
    assert.deepEqual(told(await store.diff(resultId)), ['changed cursor', 'changed done'])
    assert.equal((await store.diff('good-1')).a.run, 'later', 'there is none before it')
    assert.equal((await store.diff('later')).a.run, 'good-2', 'the one that failed is passed over')
    await store.save({ id: 'alone', value: 1 })
    await assert.rejects(store.diff('alone'), refused('invalid', /alone was not made by a run/))
  }))

test('E9 X6 what cannot be compared is refused, with the reason and what was probably meant', () =>
  withStore(async store => {
    await orders.run({}, { store, runId: 'first' })
    await orders.run({ items: '31' }, { store, runId: 'second' })
    await store.save({ id: 'saved', value: 1 })
    const cases: readonly (readonly [string, string, string, RegExp])[] = [
      ['first', 'first', 'invalid', /are both run first/],
      ['first', 'orders@last', 'conflict', /never/],
      ['first/totals', 'first/totals', 'invalid', /are both checkpoint/],
      ['first', 'second/totals', 'invalid', /first is a run, and second\/totals is a stage/],
      ['first', 'saved', 'invalid', /first is a run, and saved is a checkpoint/],
      ['frist', 'second', 'not_found', /did you mean first\?/],
      ['first/totls', 'second', 'not_found', /did you mean totals\?/],
      ['first/enrich', 'saved', 'not_found', /has saved nothing/],
      ['', 'second', 'not_found', /no run or checkpoint ""/],
      ['orders@lst', 'second', 'invalid', /no address; did you mean orders@last\?/],
    ]
    for (const [a, b, code, message] of cases) {
      if (a === 'first' && b === 'orders@last') assert.equal((await store.diff(a, b)).b.run, 'second')
      else await assert.rejects(store.diff(a, b), refused(code, message), `${a} ${b}`)
    }
    for (const options of [{ arrayKey: '' }, { limit: -1 }, { ignore: ['a['] }, { mask: ['..'] }, { ignoe: [] }]) {
      // A JavaScript caller can pass anything.
      await assert.rejects(store.diff('first', 'second', options as object), refused('invalid', /./), inspect(options))
    }
  }))

test('X6 an id in full goes before the beginning of one, and a run before a checkpoint', () =>
  withStore(async store => {
    await orders.run({}, { store, runId: 'first' })
    await orders.run({}, { store, runId: 'second', fresh: true })
    await store.save({ id: 'first', value: 1 })
    await store.save({ id: 'sec', value: 2 })
    assert.equal((await store.diff('first', 'second')).kind, 'runs')
    await store.save({ id: 'other', value: 3 })
    assert.equal((await store.diff('sec', 'other')).kind, 'checkpoints')
    assert.equal((await store.diff('secon', 'firs')).kind, 'runs')
  }))

test('X6 how long a run took is told where it differs by a tenth, and is no difference', () =>
  withStore(async store => {
    await orders.run({}, { store, runId: 'first' })
    const { liveness: _liveness, shownState: _state, ...run } = await store.run('first')
    const lasting = (ms: number) => ({ ...run, endedAt: run.createdAt + ms })
    const facts = runFacts(lasting(1_000), lasting(1_200), undefined, undefined, {})
    assert.deepEqual(facts, [{ name: 'duration', before: 1_000, after: 1_200 }])
    assert.ok(facts.every(isOfTime))
    assert.deepEqual(runFacts(lasting(1_000), lasting(1_050), undefined, undefined, {}), [])
  }))

test('E9 a damaged checkpoint is named, with what to load instead; of two runs the other stages are still compared', () =>
  withStore(async (store, folder) => {
    const large = (n: number) => Array.from({ length: 20_000 }, (_, id) => `${n} ${id} ${(id * 7919) % 10_007}`)
    const twoStages = pipeline('two-stages', async (run, params: { readonly [name: string]: unknown }) => {
      await run.stage('large', () => large(Number(params['n'])))
      await run.stage('small', () => ({ n: params['n'] }))
    })
    await store.save({ id: 'old', run: 'r', stage: 's', value: large(0) })
    await twoStages.run({ n: '1' }, { store, runId: 'first' })
    const sound = packFiles(folder)
    await store.save({ id: 'bad', run: 'r', stage: 's', value: large(2) })
    await twoStages.run({ n: '3' }, { store, runId: 'second' })
    for (const pack of packFiles(folder).filter(path => !sound.includes(path))) {
      const bytes = readFileSync(pack)
      const middle = bytes.length >> 1
      bytes[middle] = (bytes[middle] ?? 0) ^ 1
      writeFileSync(pack, bytes)
    }
    const again = await open({ path: join(folder, '.waymark') })
    const isNamed = (error: unknown): boolean => {
      assert.ok(isWaymarkError(error, 'corrupt'), String(error))
      assert.match(error.message, /^checkpoint bad cannot be read/)
      assert.deepEqual([error.details['checkpoint'], error.details['lastGood']], ['bad', 'old'])
      return true
    }
    await assert.rejects(again.diff('old', 'bad'), isNamed)
    await assert.rejects(again.diff('bad', 'old'), isNamed)
    const runs = await again.diff('first', 'second')
    assert.ok(runs.kind === 'runs')
    assert.deepEqual(
      runs.stages.map(({ stage, content }) => [stage, content?.form]),
      [
        ['large', 'damaged'],
        ['small', 'value'],
      ],
    )
    await again.close()
  }))

const packFiles = (folder: string): string[] =>
  readdirSync(join(folder, '.waymark'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.parentPath.includes('packs'))
    .map(entry => join(entry.parentPath, entry.name))

test('E9 secrets are masked unless asked for, also in parameters and in rows', () =>
  withStore(async (store: Store) => {
    const rows = (secret: string) => Array.from({ length: 25 }, (_, id) => ({ id, password: `${secret}${id}` }))
    await store.save({ id: 'a', value: { login: { user: 'ann', token: 'hunter2' }, mail: 'ann@example.com' } })
    await store.save({ id: 'b', value: { login: { user: 'bob', token: 'hunter3' }, mail: 'bob@example.com' } })
    await store.save({ id: 'rows-a', rows: rows('hunter2-') })
    await store.save({ id: 'rows-b', rows: [...rows('hunter3-'), { id: 99, password: 'hunter4' }] })
    for (const [a, b] of [
      ['a', 'b'],
      ['rows-a', 'rows-b'],
    ] as const) {
      const masked = inspect(await store.diff(a, b, { mask: ['mail'] }), { depth: 20 })
      assert.doesNotMatch(masked, /hunter|example/)
      assert.match(masked, /•••/)
      assert.match(inspect(await store.diff(a, b, { showSecrets: true }), { depth: 20 }), /hunter3/)
    }
    const login = pipeline('login', run => run.stage('one', () => 1))
    await login.run({ apiKey: 'hunter2' }, { store, runId: 'l1' })
    await login.run({ apiKey: 'hunter3' }, { store, runId: 'l2' })
    const report = inspect(await store.diff('l1', 'l2'), { depth: 20 })
    assert.match(report, /apiKey/)
    assert.doesNotMatch(report, /hunter/)
  }))

test('X6 one key is followed through all checkpoints of a stage and over all runs of a pipeline, only where it changed', () =>
  withStore(async store => {
    for (const [epoch, loss] of [3, 2, 2, 1].entries()) {
      await store.save({
        id: `e${epoch}`,
        run: 'train',
        stage: 'fit',
        value: { metrics: { loss }, ...(epoch === 3 ? {} : { token: `t${epoch}` }) },
      })
    }
    const shown = async (path: string, options = {}) =>
      (await store.keyHistory('train/fit', path, options)).entries.map(({ checkpoint, state, value }) => [
        checkpoint,
        state === 'value' ? value : state,
      ])
    assert.deepEqual(await shown('metrics.loss'), [
      ['e0', 3],
      ['e1', 2],
      ['e3', 1],
    ])
    assert.deepEqual(await shown('metrics.loss', { all: true }), [
      ['e0', 3],
      ['e1', 2],
      ['e2', 2],
      ['e3', 1],
    ])
    assert.deepEqual(await shown('metrics'), [
      ['e0', { loss: 3 }],
      ['e1', { loss: 2 }],
      ['e3', { loss: 1 }],
    ])
    assert.deepEqual(await shown('token'), [
      ['e0', '•••'],
      ['e1', '•••'],
      ['e2', '•••'],
      ['e3', 'missing'],
    ])
    assert.deepEqual((await shown('token', { showSecrets: true }))[0], ['e0', 't0'])
    const limited = await store.keyHistory('train/fit', 'metrics.loss', { limit: 2 })
    assert.deepEqual([limited.hasMore, limited.checkpoints, limited.entries.length], [true, 2, 2])
    for (const items of [31, 32, 32]) await orders.run({ items: String(items) }, { store, fresh: true })
    const overRuns = await store.keyHistory('orders@last', 'done')
    assert.deepEqual(
      overRuns.entries.map(({ value }) => value),
      [31, 32],
    )
    const ofStage = await store.keyHistory('orders@last/totals', 'EUR', { runs: true, all: true })
    assert.deepEqual(
      ofStage.entries.map(({ value }) => value),
      [31, 32, 32],
    )
    await assert.rejects(store.keyHistory('train/fit', 'a['), refused('invalid', /./))
    const mistyped = refused('not_found', /^no checkpoint of train\/fit has anything at metric\.loss; did you mean metrics\?$/)
    await assert.rejects(store.keyHistory('train/fit', 'metric.loss'), mistyped)
    await assert.rejects(store.keyHistory('orders@last', 'dne'), refused('not_found', /did you mean done\?$/))
    await store.save({ id: 'alone', value: 1 })
    await assert.rejects(store.keyHistory('alone', 'a'), refused('invalid', /alone belongs to no stage/))
  }))

test('A17 a stage called in a loop is named with its calls, and one of them with what is near', () =>
  withStore(async store => {
    const loop = pipeline('loop', async run => {
      for (const key of ['north', 'so/uth']) await run.stage('load', () => key, { key })
      await run.stage('once', () => 1)
    })
    for (const runId of ['one', 'two']) await loop.run({}, { store, runId })
    const several = refused('conflict', /^run two has called the stage load in a loop: load\/north, load\/so\/uth$/)
    await assert.rejects(store.diff('one/load', 'two/load'), several)
    await assert.rejects(store.keyHistory('two/load', 'x'), several)
    await assert.rejects(store.diff('one/once', 'two/load/nrth'), refused('not_found', /did you mean load\/north\?$/))
    assert.equal((await store.diff('one/load/so/uth', 'two/load/so/uth')).same, true)
  }))

test('A17 results that a pass over items kept are compared, and a difference in them is one', () =>
  withStore(async store => {
    const work = (factor: number) =>
      pipeline(`items`, async run => {
        await run.each(
          'square',
          Array.from({ length: 30 }, (_, n) => n),
          n => ({ id: n, value: n * factor }),
          { key: n => n },
        )
      })
    await work(2).run({}, { store, runId: 'two' })
    await work(3).run({}, { store, runId: 'three' })
    await work(2).run({}, { store, runId: 'again', fresh: true })
    const runs = await store.diff('two', 'three')
    assert.ok(runs.kind === 'runs' && !runs.same)
    const [stage] = runs.stages
    assert.ok(stage?.content?.form === 'rows')
    assert.deepEqual([stage.content.changed, stage.content.equal], [29, 1])
    assert.equal((await store.diff('two', 'again')).same, true)
    const stages = await store.diff('two/square', 'three/square')
    assert.ok(stages.kind === 'checkpoints' && stages.content.form === 'rows' && !stages.same)
    assert.equal(stages.content.changed, 29)
    await assert.rejects(store.diff('two/square', 'two/square'), refused('invalid', /./))
  }))

test('A17 what two passes wrote to outputs is compared where both are still there, else which items are in', () =>
  withStore(async (store, folder) => {
    const outputs = {
      lines: (name: string) => jsonl(`${folder}/${name}.jsonl`),
      fields: (name: string) => csv(`${folder}/${name}.csv`, { delimiter: ';' }),
      parts: (name: string) => parquet(`${folder}/${name}`, { rowsPerPart: 10 }),
    }
    const run = async (runId: string, { items = 30, factor = 1, file = runId, kind = 'lines' as keyof typeof outputs }) => {
      const work = pipeline('written', async run => {
        const input = Array.from({ length: items }, (_, n) => n)
        await run.each('square', input, n => ({ id: n, value: n * factor }), { output: outputs[kind](file), input: items })
      })
      await work.run({}, { store, runId, fresh: true })
    }
    for (const kind of ['lines', 'fields', 'parts'] as const) {
      await run(`${kind}-one`, { kind })
      await run(`${kind}-two`, { kind, items: 31, factor: 2 })
      await run(`${kind}-same`, { kind })
      const found = await store.diff(`${kind}-one/square`, `${kind}-two/square`)
      assert.ok(found.kind === 'checkpoints' && found.content.form === 'rows' && !found.same, kind)
      assert.deepEqual(
        [found.content.key, found.content.added, found.content.changed, found.content.equal],
        ['id', 1, 29, 1],
        kind,
      )
      assert.equal((await store.diff(`${kind}-one`, `${kind}-same`)).same, true, kind)
    }
    await run('short', { items: 20, file: 'shared' })
    await run('long', { items: 25, file: 'shared' })
    const replaced = await store.diff('short/square', 'long/square')
    assert.ok(replaced.kind === 'checkpoints' && replaced.content.form === 'items' && !replaced.same)
    const { onlyBefore, onlyAfter, inBoth, why } = replaced.content
    assert.deepEqual([onlyBefore, onlyAfter, inBoth], [[], [[20, 24]], 20])
    assert.match(why, /shared\.jsonl is not as this run left it$/)
    // Of the same length and end, as another run may leave it: nobody can tell whose it is.
    await run('long-again', { items: 25, file: 'shared' })
    const unknown = await store.diff('long/square', 'long-again/square')
    assert.ok(unknown.kind === 'checkpoints' && unknown.content.form === 'items')
    assert.match(unknown.content.why, /holds what the later of the two wrote$/)
    assert.equal(unknown.same, false, 'what was not compared is not the same')
    const runs = await store.diff('long', 'long-again')
    assert.ok(runs.kind === 'runs' && !runs.same)
    assert.deepEqual(
      runs.stages.map(({ content }) => content?.form),
      ['items'],
    )
    await appendFile(`${folder}/lines-two.jsonl`, '{}\n')
    const grown = await store.diff('lines-one/square', 'lines-two/square')
    assert.ok(grown.kind === 'checkpoints' && grown.content.form === 'items')
  }))

test('E9 a path to leave out that fits nothing is told: of a value, of rows, of runs where no stage has it', () =>
  withStore(async store => {
    const unusedOf = async (a: string, b: string, ...ignore: string[]) => {
      const report = await store.diff(a, b, { ignore })
      if (report.kind === 'runs') return report.ignoreUnused
      return 'ignoreUnused' in report.content ? report.content.ignoreUnused : undefined
    }
    const error = new Error('first')
    await store.save({ id: 'a', value: { top: 1, map: new Map([['k', { n: 1 }]]), error } })
    await store.save({ id: 'b', value: { top: 2, map: new Map([['k', { n: 2 }]]), error: new Error('second') } })
    assert.deepEqual(await unusedOf('a', 'b', 'tpo', 'map.*.m', '**.nowhere'), ['tpo', 'map.*.m'])
    assert.equal(await unusedOf('a', 'b', 'top', 'map.*.n', 'error.message', 't*'), undefined)
    const rows = Array.from({ length: 30 }, (_, id) => ({ id, at: 1 }))
    await store.save({ id: 'rows-a', value: rows })
    await store.save({ id: 'rows-b', value: rows.map(row => ({ ...row, at: 2 })) })
    assert.deepEqual(await unusedOf('rows-a', 'rows-b', 'att', 'at'), ['att'])
    await orders.run({}, { store, runId: 'first' })
    await orders.run({ items: '31' }, { store, runId: 'second' })
    assert.deepEqual(await unusedOf('first', 'second', 'EUR', 'total', 'toatl'), ['toatl'])
  }))

test('A2 X6 tables of the same content are the same in any order of rows; another type of a column is a difference', () =>
  withStore(async store => {
    const rows = [{ n: 1 }, { n: 2 }, { n: 3 }]
    await store.save({ id: 'up', value: table(rows) })
    await store.save({ id: 'down', value: table(rows.toReversed()) })
    await store.save({ id: 'wide', value: table([...rows], { schema: { n: 'int64' } }) })
    await store.save({ id: 'narrow', value: table([...rows], { schema: { n: 'int8' } }) })
    await store.save({ id: 'more', value: table([...rows.toReversed(), { n: 4 }]) })
    assert.equal((await store.diff('up', 'down')).same, true)
    assert.equal((await store.diff('wide', 'narrow')).same, false)
    const more = await store.diff('up', 'more')
    assert.ok(more.kind === 'checkpoints' && more.content.form === 'rows')
    assert.deepEqual([more.content.added, more.content.removed, more.content.equal], [1, 0, 3])
  }))
