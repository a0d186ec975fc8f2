import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import pg from 'pg'
import { isWaymarkError, type PostgresClient, postgresQuery, postgresTable, type WaymarkError } from 'waymark'
import { connectionError } from '../../src/outputs/postgres-errors.ts'
import { startPostgres } from '../postgres.ts'
import { postgresWorld, sharedDatabase } from './postgres-world.ts'
import { sqlTableSuite } from './sql-table-suite.ts'
import { asTable, begin, contextOf, itemAt, progressOf, write } from './sql-world.ts'

const server = await startPostgres()
const skip = server === undefined && 'no PostgreSQL'
const database = sharedDatabase(server)

sqlTableSuite(async t => postgresWorld(t, await database()), skip)

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** A client whose answers go through a function: `ask` really asks. */
const wrapped = (
  client: pg.Client,
  query: (text: string, ask: () => ReturnType<PostgresClient['query']>) => ReturnType<PostgresClient['query']>,
) => ({
  query: (text: string, values?: unknown[]) => query(text, () => client.query(text, values)),
  end: () => client.end(),
})

test('a value comes back as the type of its column says', { skip }, async t => {
  const world = await postgresWorld(t, await database())
  await world.rows(`CREATE TABLE kinds (id int, big bigint, num numeric, dbl double precision, yes boolean, at timestamptz, plain timestamp, day date,
    doc jsonb, raw bytea, tags text[], grid int[], docs jsonb[], note text)`)
  const { output } = await begin(world, world.target({ table: 'kinds' }))
  const at = new Date('2026-11-20T23:30:00.123Z')
  await write(output, [
    { id: 1, big: 2n ** 63n - 1n, num: '0.1', dbl: Number.NaN, yes: true, at, plain: at, day: at },
    {
      id: 2,
      dbl: -Infinity,
      doc: { a: [1, 'x', null] },
      raw: new Uint8Array([0, 255]),
      tags: ['a"b', 'c\\d', '{}', null, 'NULL', ''],
    },
    {
      id: 3,
      doc: 'text',
      grid: [
        [1, 2],
        [3, 4],
      ],
      docs: [{ a: '"' }, null],
      note: { as: 'json' },
    },
    { id: 4, doc: [1, 2], tags: [], note: [1, 2], dbl: -0, yes: null },
  ])
  await output.close()
  const rows =
    await world.rows(`SELECT id, big::text, num::text, dbl, yes, at::timestamptz = '${at.toISOString()}' AS same, plain::text, day::text,
    doc, raw, tags, grid, docs::text[] AS docs, note FROM kinds ORDER BY id`)
  const only = rows.map(row => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)))
  assert.deepEqual(only, [
    {
      id: 1,
      big: '9223372036854775807',
      num: '0.1',
      dbl: Number.NaN,
      yes: true,
      same: true,
      plain: '2026-11-20 23:30:00.123',
      day: '2026-11-20',
    },
    {
      id: 2,
      dbl: -Infinity,
      doc: { a: [1, 'x', null] },
      raw: Buffer.from([0, 255]),
      tags: ['a"b', 'c\\d', '{}', null, 'NULL', ''],
    },
    {
      id: 3,
      doc: 'text',
      grid: [
        [1, 2],
        [3, 4],
      ],
      docs: ['{"a": "\\""}', null],
      note: '{"as":"json"}',
    },
    { id: 4, doc: [1, 2], tags: [], note: '[1,2]', dbl: -0 },
  ])
  const refused = (value: object, message: RegExp) =>
    assert.throws(() => output.add(value, itemAt(0)), { code: 'invalid', message })
  refused({ note: new Uint8Array(2) }, /bytes, and the column is text/)
  refused({ doc: { big: 1n } }, /a BigInt/)
  refused({ doc: Number.NaN }, /NaN/)
  refused({ at: new Date(-1e14) }, /year/)
})

test('a type that does not fit is refused by the server, and the item is named', { skip }, async t => {
  const world = await postgresWorld(t, await database())
  await world.rows('CREATE TABLE orders (id int PRIMARY KEY, doc jsonb)')
  const fails = async (value: object, message: RegExp) => {
    const { output } = await begin(world, world.target({ table: 'orders' }), 1)
    output.add({ id: 1 }, itemAt(0))
    output.add(value, itemAt(1))
    await assert.rejects(output.flush(progressOf(0, 1)), { code: 'invalid', message })
    await output.close()
    assert.deepEqual(await world.rows('SELECT * FROM orders'), [])
  }
  await fails({ id: 'x' }, /item 1 cannot be written to postgres:orders: invalid input syntax for type integer/)
  await fails({ id: 2 ** 40 }, /item 1 .*out of range/)
  await fails({ id: 1 }, /item 1 .*duplicate key.*Key \(id\)=\(1\) already exists/)
  await fails({ id: 2, doc: { text: '\0' } }, /item 1/)
  await fails({ doc: {} }, /item 1 .*column "id".*null value/)
})

test('keys that only the server takes for the same are written one after the other', { skip }, async t => {
  const world = await postgresWorld(t, await database())
  await world.rows('CREATE TABLE prices (code numeric PRIMARY KEY, price int)')
  const { output } = await begin(world, world.target({ table: 'prices', key: 'code' }))
  await write(output, [
    { code: '1.0', price: 1 },
    { code: '1.00', price: 2 },
  ])
  await output.close()
  assert.deepEqual(
    (await world.rows('SELECT price FROM prices')).map(row => row['price']),
    [2],
  )
})

test('X3 a commit whose answer was lost is decided by the sequence on the next open, never guessed', { skip }, async t => {
  for (const arrived of [true, false]) {
    const world = await postgresWorld(t, await database())
    await world.rows('CREATE TABLE orders (id int)')
    let cut = false
    const flaky = world.with(async () => {
      const client = await connected(world.url)
      return wrapped(client, async (text, ask) => {
        if (!cut || text !== 'COMMIT') return ask()
        if (arrived) await ask()
        await client.end()
        throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
      })
    })
    const target = flaky.target({ table: 'orders' })
    const { start, output } = await begin(flaky, target)
    cut = true
    output.add({ id: 1 }, itemAt(0))
    await assert.rejects(output.flush(progressOf(0, 0)), { code: 'unavailable', retryable: true })
    cut = false
    await output.close()
    const again = await target.open(contextOf(world, 2), start)
    assert.equal(again.recovered?.length, arrived ? 1 : 0)
    assert.equal((await world.rows('SELECT * FROM orders')).length, arrived ? 1 : 0)
    await again.output.close()
  }
})

test('X3 a connection that the server ends is replaced, before and inside a transaction; rows are there once', {
  skip,
}, async t => {
  const world = await postgresWorld(t, await database())
  await world.rows('CREATE TABLE orders (id int)')
  const endOthers = () => world.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut me'")
  let cutAt = ''
  const flaky = world.with(async () => {
    const client = await connected(`${world.url}&application_name=cut%20me`)
    return wrapped(client, async (text, ask) => {
      if (cutAt !== '' && text.startsWith(cutAt)) {
        cutAt = ''
        await endOthers()
      }
      return ask()
    })
  })
  const { output } = await begin(flaky, flaky.target({ table: 'orders' }))
  await write(output, [{ id: 0 }])
  await endOthers()
  await write(output, [{ id: 1 }], 1)
  cutAt = 'INSERT INTO'
  await write(output, [{ id: 2 }], 2)
  await output.close()
  assert.deepEqual(
    (await world.rows('SELECT id FROM orders ORDER BY id')).map(row => row['id']),
    [0, 1, 2],
  )
})

test('X3 an owner stalled inside its transaction holds its successor up, and the commit that then arrives is seen', {
  skip,
}, async t => {
  const world = await postgresWorld(t, await database())
  await world.rows('CREATE TABLE orders (id int)')
  const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>()
  const { promise: frozen, resolve: freeze } = Promise.withResolvers<void>()
  let stalls = false
  const slow = world.with(async () => {
    const client = await connected(world.url)
    return wrapped(client, async (text, ask) => {
      if (stalls && text === 'COMMIT') {
        freeze()
        await thawed
      }
      return ask()
    })
  })
  const { start, output: stalled } = await begin(slow, slow.target({ table: 'orders' }))
  stalls = true
  stalled.add({ id: 1 }, itemAt(0))
  const flushing = stalled.flush(progressOf(0, 0))
  await frozen
  const opening = world.target({ table: 'orders' }).open(contextOf(world, 2), start)
  const blocked = async () => (await world.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length > 0
  while (!(await blocked())) await new Promise(resolve => setImmediate(resolve))
  thaw()
  await flushing
  const { output, recovered } = await opening
  assert.equal(recovered?.length, 1)
  stalled.add({ id: 2 }, itemAt(1))
  await assert.rejects(stalled.flush(progressOf(1, 1)), { code: 'fenced' })
  await Promise.all([stalled.close(), output.close()])
  assert.equal((await world.rows('SELECT * FROM orders')).length, 1)
})

test('X3 of two owners that begin at once, the newer one has the last word', { skip }, async t => {
  const world = await postgresWorld(t, await database())
  await world.rows('CREATE TABLE orders (id int)')
  // The table of progress is there already: making it is no race that this is about.
  const first = world.target({ table: 'orders' })
  const other = contextOf(world, 1, { stage: 'another stage' })
  await (await first.open(other, asTable(await first.begin(other)))).output.close()
  const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>()
  const { promise: frozen, resolve: freeze } = Promise.withResolvers<void>()
  const slow = world.with(async () => {
    const client = await connected(world.url)
    return wrapped(client, async (text, ask) => {
      const answer = await ask()
      if (text.startsWith('SELECT generation')) {
        freeze()
        await thawed
      }
      return answer
    })
  })
  const older = begin(slow, slow.target({ table: 'orders' }), 1)
  await frozen
  const target = world.target({ table: 'orders' })
  const newer = begin(world, target, 2)
  const blocked = async () => (await world.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length > 0
  const waits = (async () => {
    while (!(await blocked())) await new Promise(resolve => setImmediate(resolve))
  })()
  await Promise.race([waits, newer.then(() => assert.fail('nothing held the newer one up'))])
  thaw()
  const [{ output: stalled }, { output }] = await Promise.all([older, newer])
  stalled.add({ id: 1 }, itemAt(0))
  await assert.rejects(stalled.flush(progressOf(0, 0)), { code: 'fenced' })
  await write(output, [{ id: 2 }])
  await Promise.all([stalled.close(), output.close()])
  assert.deepEqual(
    (await world.rows('SELECT id FROM orders')).map(row => row['id']),
    [2],
  )
})

test('a pool gets its clients back, and is left open', { skip }, async t => {
  const world = await postgresWorld(t, await database())
  await world.rows('CREATE TABLE orders (id int)')
  const pool = new pg.Pool({ connectionString: world.url, max: 1 })
  const pooled = world.with(pool)
  const { output } = await begin(pooled, pooled.target({ table: 'orders' }))
  await write(output, [{ id: 1 }])
  assert.equal((await pool.query('SELECT id FROM orders')).rows.length, 1)
  await write(output, [{ id: 2 }], 1)
  await output.finish()
  await output.close()
  assert.deepEqual([pool.totalCount, pool.idleCount], [1, 1])
  await pool.end()
})

/** Everything that could be shown or stored of an error. */
const told = (error: WaymarkError): string =>
  inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error) + String((error.cause as Error)?.stack)

test('no password is told, wherever the connection fails', { skip }, async t => {
  const world = await postgresWorld(t, await database())
  const secret = 'S3cret/word'
  const urls = {
    unavailable: [
      world.url.replace(/:[^:@/]+@/, `:${encodeURIComponent(secret)}@`),
      `postgres://me:${encodeURIComponent(secret)}@127.0.0.1:1/db`,
      `postgres://me:${encodeURIComponent(secret)}@nowhere.invalid/db`,
    ],
    not_found: [world.url.replace(/db_\d+/, 'nothing')],
    invalid: [`postgres://me:${secret}@[::bad/db`],
  }
  for (const [code, list] of Object.entries(urls)) {
    for (const url of list) {
      const target = postgresTable(url, { table: 'orders' })
      const error = await Promise.resolve(target.open(contextOf(world), asTable(await target.begin(contextOf(world))))).then(
        () => assert.fail('it opened'),
        (thrown: unknown) => thrown,
      )
      assert.ok(isWaymarkError(error) && error.code === code, inspect(error))
      const text = told(error) + target.shown + target.place('/') + JSON.stringify(await target.begin(contextOf(world)))
      for (const part of [secret, encodeURIComponent(secret), 'pass/word', 'pass%2Fword']) assert.ok(!text.includes(part), text)
    }
  }
})

test('an error that quotes the connection string loses the password on the way', () => {
  for (const code of ['ECONNREFUSED', 'ERR_INVALID_URL', '28P01', '']) {
    const url = 'postgres://me:S3cret@host/db'
    const error = Object.assign(new TypeError(`cannot use ${url}`), { code, input: url })
    const text = told(connectionError(error, { shown: 'postgres:orders', stage: 'load' }, [url, 'S3cret']))
    assert.ok(!text.includes('S3cret'), text)
  }
})

test('what the user may not do, and a read-only server, say so', { skip }, async t => {
  const world = await postgresWorld(t, await database())
  await world.rows('CREATE TABLE orders (id int)')
  const fails = async (url: string, message: RegExp) => {
    const target = postgresTable(url, { table: 'orders' })
    await assert.rejects(target.open(contextOf(world), asTable(await target.begin(contextOf(world)))), {
      code: 'unavailable',
      message,
    })
  }
  await fails(world.url.replace('-c%20', '-c%20default_transaction_read_only%3Don%20-c%20'), /read-only/)
  const { output } = await begin(world, world.target({ table: 'orders' }))
  await output.close()
  await world.rows('CREATE ROLE guest')
  await world.rows(`GRANT USAGE ON SCHEMA ${/test_\d+/.exec(world.url)?.[0]} TO guest`)
  await fails(world.url.replace('-c%20', '-c%20role%3Dguest%20-c%20'), /permission denied/)
})

test('wrong arguments are refused with a sentence, and never shown where they may hold a secret', () => {
  const wrong: readonly unknown[] = ['', undefined, null, 5, {}, []]
  for (const connection of wrong) {
    assert.throws(() => postgresTable(connection as string, { table: 'orders' }), { code: 'invalid' })
    assert.throws(() => postgresQuery(connection as string, 'SELECT 1'), { code: 'invalid' })
  }
  const options: readonly unknown[] = [
    undefined,
    null,
    5,
    {},
    { table: '' },
    { table: 5 },
    { table: 'a\0' },
    { table: 'o', columns: 'id' },
    { table: 'o', columns: [] },
    { table: 'o', columns: [5] },
    { table: 'o', key: 5 },
    { table: 'o', key: [] },
    { table: 'o', columns: ['a'], key: 'b' },
    { table: 'o', create: true },
    { table: 'o', replace: 1 },
    { table: 'o', schema: '' },
  ]
  for (const each of options)
    assert.throws(() => postgresTable('postgres://h/d', each as { table: string }), { code: 'invalid' }, inspect(each))
  assert.throws(() => postgresQuery('postgres://h/d', ' '), { code: 'invalid' })
  assert.throws(() => postgresQuery('postgres://h/d', 'SELECT 1', 5 as never), { code: 'invalid' })
  assert.throws(() => postgresQuery('postgres://h/d', 'SELECT 1', [], { fingerprint: 5 as never }), { code: 'invalid' })
})

test('without the package pg a connection string says what to install, and everything else works', () => {
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) {
      if (name === 'pg') throw Object.assign(new Error("Cannot find package 'pg'"), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    } })
    const { postgresQuery } = await import('waymark')
    const opened = await postgresQuery('postgres://localhost/db', 'SELECT 1').open({ signal: new AbortController().signal })
    try { for await (const batch of opened.batches()) console.log(batch) } catch (error) { console.log(error.code, error.remedy) }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=waymark-source', '--input-type=module', '-e', script], {
    cwd: join(import.meta.dirname, '..', '..'),
    encoding: 'utf8',
  })
  assert.match(stdout, /^unsupported npm install pg/, stderr)
})
