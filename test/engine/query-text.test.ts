import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Store, table } from 'waymark'
import { storeOfTest } from './store-of-test.ts'

async function storeWithRows(t: TestContext): Promise<Store> {
  const { store } = await storeOfTest(t)
  await store.save({ id: 'x', value: table([{ a: 1 }, { a: 2 }]) })
  return store
}

test('A1 names that a query gives to tables of its own never stand for those of checkpoints', async t => {
  const store = await storeWithRows(t)
  for (const name of ['checkpoint_1', 'CHECKPOINT_1', '"checkpoint_1_1"']) {
    const result = await store.query(
      `with ${name} as (select 42 as a), checkpoint_1_2 as (select 43 as a) select a from checkpoint('x') order by a`,
    )
    assert.deepEqual(result.objects(), [{ a: 1 }, { a: 2 }], name)
  }
})

test('A1 several statements are all run, and the result is that of the last', async t => {
  const store = await storeWithRows(t)
  const made = await store.query(
    "select 7 as s; create table t as select a from checkpoint('x'); select sum(a)::int as s from t; ",
  )
  assert.deepEqual(made.objects(), [{ s: 3 }])
  await assert.rejects(store.query('select 1; select nope'), { code: 'invalid', message: /DuckDB refuses the query: .*nope/ })
})

test('A1 comments nest, and a query of nothing else is refused', async t => {
  const store = await storeWithRows(t)
  const nested = "select 1 as one /* /* */ checkpoint('nope') */ from checkpoint('x') /* /* */ where"
  await assert.rejects(store.query(nested), { code: 'invalid', message: /DuckDB refuses/ })
  assert.deepEqual((await store.query("select 1 /* /* */ checkpoint('nope') */ as one")).objects(), [{ one: 1 }])
  for (const sql of ['', ' ; -- x', '/* /* */ select 1 */'])
    await assert.rejects(store.query(sql), { code: 'invalid', message: /the query is empty/ }, sql)
})

test('A1 a table whose names DuckDB cannot tell apart or has not is refused by the column', async t => {
  const store = await storeWithRows(t)
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ A: 1, a: 2 }, /the table has the columns A and a/],
    [{ '': 1 }, /the table has a column without a name/],
    [{ 'a\0b': 1 }, /a NUL in its name/],
    [{ l: [{ A: 1, a: 2 }] }, /the column l has the columns A and a/],
    [{ s: { '': 1 } }, /the column s has a column without a name/],
  ]
  for (const [row, message] of cases) {
    const { id } = await store.save({ value: table([row]) })
    await assert.rejects(store.query(`select * from checkpoint('${id}')`), { code: 'unsupported', message }, String(message))
  }
  const { id } = await store.save({ value: table([{ É: 1, é: 2 }]) })
  assert.equal((await store.query(`select * from checkpoint('${id}')`)).columns.length, 2)
})
