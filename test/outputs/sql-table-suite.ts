import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { asTable, begin, contextOf, itemAt, progressOf, type SqlWorld, write } from './sql-world.ts'

const three = [
  { id: 1, name: 'one', total: 1.5 },
  { id: 2, name: 'two', total: 2 },
  { id: 3, name: 'three', total: null },
]
const makeOrders = 'CREATE TABLE orders (id INTEGER, name TEXT, total DOUBLE PRECISION DEFAULT 7)'
const makeKeyed = 'CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, total DOUBLE PRECISION DEFAULT 7)'
const allOrders = 'SELECT id, name, total FROM orders ORDER BY id, name'
const progressRows = 'SELECT run, stage, token, sequence, row_count FROM waymark_progress'

/** What every table is as an output, whatever the database. */
export function sqlTableSuite(makeWorld: (t: TestContext) => Promise<SqlWorld>, skip: string | false = false): void {
  const claim = (name: string, prove: (world: SqlWorld) => Promise<void>) =>
    test(name, { skip }, async t => prove(await makeWorld(t)))

  claim('X3 rows and progress are committed together, and a reopened output goes on behind them', async world => {
    await world.rows(makeOrders)
    const target = world.target({ table: 'orders' })
    const { context, output } = await begin(world, target)
    const position = await write(output, three.slice(0, 2))
    assert.deepEqual([position.sequence, position.rows], [1, 2])
    output.add({ id: 99, name: 'never flushed' }, itemAt(9))
    await output.close()
    const again = await target.open({ ...context, token: 2 }, position)
    assert.deepEqual(again.recovered, [])
    await write(again.output, three.slice(2), 2)
    await again.output.finish()
    await again.output.close()
    assert.deepEqual(await world.rows(allOrders), three)
    const [row] = await world.rows(progressRows)
    assert.deepEqual([Number(row?.['token']), Number(row?.['sequence']), Number(row?.['row_count'])], [2, 2, 3])
  })

  claim('X3 progress that was committed and never reached the log is found again, record by record', async world => {
    await world.rows(makeOrders)
    const target = world.target({ table: 'orders' })
    const { context, start, output } = await begin(world, target)
    const first = await write(output, three.slice(0, 1))
    const second = await write(output, three.slice(1), 1)
    await output.close()
    const all = await target.open({ ...context, token: 2 }, start)
    assert.deepEqual(all.recovered, [
      { ...progressOf(0, 0), output: first },
      { ...progressOf(1, 2), output: second },
    ])
    assert.deepEqual(all.output.position, second)
    await all.output.close()
    const last = await target.open({ ...context, token: 3 }, first)
    assert.deepEqual(last.recovered, [{ ...progressOf(1, 2), output: second }])
    await last.output.close()
    assert.equal((await world.rows(allOrders)).length, 3)
  })

  claim('X3 an owner that was stalled is fenced, and its rows are rolled back', async world => {
    await world.rows(makeOrders)
    const target = world.target({ table: 'orders' })
    const { start, output: stalled } = await begin(world, target)
    stalled.add({ id: 1, name: 'of the stalled one' }, itemAt(0))
    const { output } = await target.open(contextOf(world, 2), start)
    await assert.rejects(stalled.flush(progressOf(0, 0)), { code: 'fenced' })
    await assert.rejects(stalled.flush(progressOf(0, 0)), { code: 'fenced' }, 'a failed output stays failed')
    assert.throws(() => stalled.add({ id: 2 }, itemAt(1)), { code: 'fenced' })
    await write(output, [{ id: 1, name: 'of its successor' }])
    assert.deepEqual(
      (await world.rows(allOrders)).map(row => row['name']),
      ['of its successor'],
    )
    await assert.rejects(target.open(contextOf(world, 1), start), { code: 'fenced' })
    await Promise.all([stalled.close(), output.close()])
  })

  claim('a database restored from an older backup is a conflict that says so, and nothing is changed', async world => {
    await world.rows(makeOrders)
    const target = world.target({ table: 'orders' })
    const { context, output } = await begin(world, target)
    const position = await write(output, three)
    await output.close()
    const later = { ...position, sequence: 4, rows: 9 }
    await assert.rejects(target.open({ ...context, token: 2 }, later), {
      code: 'conflict',
      message: /4 commits .* the database 1.*backup/,
    })
    await world.rows('DELETE FROM waymark_progress')
    await assert.rejects(target.open({ ...context, token: 2 }, position), { code: 'conflict', message: /the database none/ })
    assert.deepEqual(await world.rows(progressRows), [])
  })

  claim('a flush whose row of progress was changed underneath writes nothing', async world => {
    await world.rows(makeOrders)
    const { output } = await begin(world, world.target({ table: 'orders' }))
    await world.rows('UPDATE waymark_progress SET sequence = 7')
    output.add({ id: 1 }, itemAt(0))
    await assert.rejects(output.flush(progressOf(0, 0)), { code: 'conflict' })
    assert.deepEqual(await world.rows(allOrders), [])
    await output.close()
  })

  claim('a redo begins anew beside the rows that are there; the progress of the part before does not count', async world => {
    await world.rows(makeOrders)
    const target = world.target({ table: 'orders' })
    const { output } = await begin(world, target)
    const before = await write(output, three)
    await output.close()
    const redo = await begin(world, target, 2)
    assert.deepEqual(redo.output.position.kind === 'table' && redo.output.position.rows, 0)
    await write(redo.output, three)
    await redo.output.close()
    assert.equal((await world.rows(allOrders)).length, 6)
    // The log of the part before was restored: its rows are no longer what the database says.
    await assert.rejects(target.open(contextOf(world, 3), before), { code: 'conflict' })
  })

  claim('replace deletes the rows in the first transaction of a new run, and only there', async world => {
    await world.rows(makeOrders)
    await world.rows("INSERT INTO orders (id, name) VALUES (50, 'old')")
    const target = world.target({ table: 'orders', replace: true })
    const { context, output } = await begin(world, target)
    const position = await write(output, three)
    await output.close()
    const again = await target.open({ ...context, token: 2 }, position)
    await again.output.close()
    assert.deepEqual(await world.rows(allOrders), three)
    const redo = await begin(world, target, 3)
    await redo.output.close()
    assert.deepEqual(await world.rows(allOrders), [])
  })

  claim('X3 rows under a key are updated where they are there, also twice in one flush, the later one last', async world => {
    await world.rows(makeKeyed)
    await world.rows("INSERT INTO orders (id, name, total) VALUES (1, 'old', 3)")
    const { output } = await begin(world, world.target({ table: 'orders', key: 'id' }))
    await write(output, [
      { id: 1, name: 'new' },
      { id: 2, name: 'first', total: 1 },
      { id: 2, name: 'second', total: 2 },
      { id: 2, total: 3 },
    ])
    await output.close()
    assert.deepEqual(await world.rows(allOrders), [
      { id: 1, name: 'new', total: 3 },
      { id: 2, name: 'second', total: 3 },
    ])
  })

  claim(
    'a column that an item does not mention gets its default; with columns, missing ones are NULL and others left out',
    async world => {
      await world.rows(makeOrders)
      const plain = await begin(world, world.target({ table: 'orders' }))
      await write(plain.output, [{ id: 1 }, { id: 2, total: undefined }, { id: 3, total: 3 }])
      await plain.output.close()
      const chosen = await begin(world, world.target({ table: 'orders', columns: ['id', 'total'] }), 2)
      await write(chosen.output, [{ id: 4, name: 'left out', secret: 1 }])
      await chosen.output.close()
      assert.deepEqual(await world.rows(allOrders), [
        { id: 1, name: null, total: 7 },
        { id: 2, name: null, total: null },
        { id: 3, name: null, total: 3 },
        { id: 4, name: null, total: null },
      ])
    },
  )

  claim('an item that does not fit is named with table and column, and the others can still be written', async world => {
    await world.rows(makeOrders)
    const target = world.target({ table: 'orders' })
    const { output } = await begin(world, target)
    const refused = (value: unknown, message: RegExp) =>
      assert.throws(() => output.add(value, itemAt(4)), { code: 'invalid', message })
    refused({ id: 1, color: 'red' }, /item 4 cannot be written to .*orders, column "color": the table has no such column/)
    refused({ id: 1, name: () => {} }, /column "name": a function/)
    refused({ id: 1, name: new Date(Number.NaN) }, /an invalid Date/)
    refused({ id: 1, name: 'a\0b' }, /NUL/)
    refused({ id: 1, name: '\ud800' }, /surrogate/)
    refused({ id: 1, name: { at: new Map() } }, /at at: a Map/)
    refused([1], /an array, not an object/)
    refused('text', /a string, not an object/)
    refused(null, /null, not an object/)
    refused(new Map([['id', 1]]), /a Map, not an object/)
    refused({}, /no properties/)
    await write(output, three)
    await output.close()
    assert.deepEqual(await world.rows(allOrders), three)
  })

  claim('a row that the database refuses is named, and nothing of its flush is committed', async world => {
    await world.rows('CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, total DOUBLE PRECISION CHECK (total > 0))')
    const target = world.target({ table: 'orders' })
    const { context, output } = await begin(world, target)
    const position = await write(output, [{ id: 1, name: 'one', total: 1 }])
    for (const id of [2, 3, 4, 5]) output.add({ id, name: 'x', total: id === 4 ? -1 : 1 }, { ...itemAt(id), key: `k${id}` })
    await assert.rejects(output.flush(progressOf(2, 5)), {
      code: 'invalid',
      message: /item "k4" cannot be written to .*orders/,
      details: { stage: 'load', table: target.shown, index: 4, key: 'k4' },
    })
    await output.close()
    assert.equal((await world.rows(allOrders)).length, 1)
    const again = await target.open({ ...context, token: 2 }, position)
    assert.deepEqual(again.recovered, [])
    await again.output.close()
  })

  claim(
    'a missing table, column, constraint or key is found before an item is called, and leaves nothing behind',
    async world => {
      const opening = async (options: Parameters<SqlWorld['target']>[0]) => {
        const target = world.target(options)
        const { output } = await target.open(contextOf(world), asTable(await target.begin(contextOf(world))))
        await output.close()
      }
      await assert.rejects(opening({ table: 'orders' }), { code: 'invalid', message: /orders does not exist/, remedy: /create/ })
      await assert.rejects(world.rows(progressRows), 'the table of progress was undone too')
      await world.rows(makeOrders)
      await assert.rejects(opening({ table: 'orders', columns: ['id', 'color'] }), {
        code: 'invalid',
        message: /no column "color"/,
      })
      await assert.rejects(opening({ table: 'orders', key: 'id' }), { code: 'invalid', remedy: /CREATE UNIQUE INDEX/ })
      await world.rows('CREATE UNIQUE INDEX by_two ON orders (id, name)')
      await assert.rejects(opening({ table: 'orders', key: 'id' }), { code: 'invalid' })
      await opening({ table: 'orders', key: ['id', 'name'] })
      const { output } = await begin(world, world.target({ table: 'orders', key: ['id', 'name'] }), 2)
      assert.throws(() => output.add({ id: 1 }, itemAt(0)), { code: 'invalid', message: /column "name": the key is missing/ })
      assert.throws(() => output.add({ id: 1, name: null }, itemAt(0)), { code: 'invalid', message: /the key has no value/ })
      await output.close()
    },
  )

  claim('names are quoted: keywords, quotes and injected statements are only names', async world => {
    const evil = 'select"; DROP TABLE orders; --'
    await world.rows(makeOrders)
    await world.rows(`CREATE TABLE "${evil.replaceAll('"', '""')}" ("group" TEXT, "a""b" TEXT)`)
    const { output } = await begin(world, world.target({ table: evil }))
    await write(output, [{ group: "'; DROP TABLE orders; --", 'a"b': 'x' }])
    await output.close()
    assert.deepEqual(await world.rows(`SELECT * FROM "${evil.replaceAll('"', '""')}"`), [
      { group: "'; DROP TABLE orders; --", 'a"b': 'x' },
    ])
    assert.deepEqual(await world.rows(allOrders), [])
  })

  claim('create makes the table where it is missing, once', async world => {
    const target = world.target({ table: 'orders', key: 'id', create: makeKeyed })
    const { context, output } = await begin(world, target)
    const position = await write(output, three.slice(0, 2))
    await output.close()
    const again = await target.open({ ...context, token: 2 }, position)
    await write(again.output, three.slice(2), 2)
    await again.output.close()
    assert.deepEqual(await world.rows(allOrders), three)
  })

  claim('several stages begin at once and write into one table side by side', async world => {
    await world.rows(makeOrders)
    const target = world.target({ table: 'orders' })
    const contexts = Array.from({ length: 6 }, (_, at) => contextOf(world, 1, { stage: `load ${at}` }))
    const outputs = await Promise.all(
      contexts.map(async context => (await target.open(context, asTable(await target.begin(context)))).output),
    )
    await Promise.all(
      outputs.map(async (output, at) => {
        for (let flush = 0; flush < 5; flush++) await write(output, [{ id: at * 100 + flush }], flush)
        await output.close()
      }),
    )
    assert.equal((await world.rows(allOrders)).length, 30)
    assert.notEqual(target.place('/a'), target.place('/a'))
    const emptying = world.target({ table: 'orders', replace: true })
    assert.equal(emptying.place('/a'), emptying.place('/a'))
  })

  claim('the table of progress stays small, whatever passes through it', async world => {
    await world.rows(makeOrders)
    const { output } = await begin(world, world.target({ table: 'orders' }))
    const kept = async () => Number((await world.rows('SELECT length(flushes) AS bytes FROM waymark_progress'))[0]?.['bytes'])
    const keys = Array.from({ length: 300 }, (_, i) => `a key of some length, number ${i}`)
    for (let flush = 0; flush < 8; flush++) {
      output.add({ id: flush }, itemAt(flush))
      await output.flush({ ...progressOf(flush, flush), keys })
    }
    assert.ok((await kept()) < 30_000)
    await output.finish()
    await output.close()
    assert.ok((await kept()) < 3_000)
    assert.equal((await world.rows(progressRows)).length, 1)
  })
}
