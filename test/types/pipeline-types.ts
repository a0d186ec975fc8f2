// Compiled, never run: what must compile does, and what must not is marked. `test/types/types.test.ts` runs the compiler.
import type { RecordBatch } from 'apache-arrow'
import { csv, jsonl, open, pipeline, postgresTable, type StageResult, sqliteQuery, sqliteTable, table } from 'waymark'
import { z } from 'zod'

interface Order {
  readonly id: string
  readonly total: number
}
interface Enriched extends Order {
  readonly country: string
}
declare function fetchOrders(day: string, signal: AbortSignal): Promise<Order[]>
declare function recordBatches(): AsyncIterable<RecordBatch>
declare function enrich(order: Order): Promise<Enriched>
declare function summarize(orders: readonly Order[]): { count: number }

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Equal<A, B>): void {}

// The pipeline of the design, without a cast.
export const orders = pipeline(
  'nightly-orders',
  async (run, params) => {
    same<typeof params, { day: string }>(true)
    const extracted = run.stage('extract', ctx => fetchOrders(params.day, ctx.signal))
    same<typeof extracted, StageResult<Order[]>>(true)
    const enriched = await run.each('enrich', extracted, enrich, {
      key: order => order.id,
      concurrency: 16,
      retry: { attempts: 3 },
      output: jsonl('out/enriched.jsonl'),
    })
    for await (const row of enriched.results()) same<typeof row, Enriched>(true)
    same<typeof enriched.done, number>(true)
    return await run.stage('report', async () => summarize(await extracted))
  },
  { params: z.object({ day: z.string() }), stages: ['extract', 'enrich', 'report'] },
)

export async function inProcess(): Promise<number> {
  const store = await open('/tmp/store')
  const outcome = await orders.run({ day: '2026-11-20' }, { store })
  same<typeof outcome.value, { count: number }>(true)
  // @ts-expect-error the params have a schema, and this is no day
  await orders.run({ day: 3 }, { store })
  const loaded = await store.load('id')
  same<typeof loaded.value, unknown>(true)
  const typed = await store.load('id', { schema: z.object({ step: z.number() }) })
  same<typeof typed.value, { step: number }>(true)
  return outcome.value.count
}

export const itemSources = pipeline('sources', async run => {
  const list: Order[] = []
  const byIndex = await run.each('from a file', jsonl<Order>('in.jsonl'), order => order.total)
  same<Awaited<ReturnType<ReturnType<typeof byIndex.results>['toArray']>>, number[]>(true)
  await run.each('from csv', csv('in.csv'), row => row['id']?.length ?? 0)
  await run.each('from csv with a schema', csv('in.csv', { schema: z.object({ id: z.coerce.number() }) }), row => row.id + 1)
  await run.each('from an array', list, order => order.id, { key: order => order.id })
  await run.each('from an array known by a date', list, order => order.id, { input: '2026-11-20' })
  await run.each('from a set', new Set(list), order => order.id, { key: order => order.id })
  await run.each('skipping', jsonl<Order>('in.jsonl'), (order, ctx) => (order.total > 0 ? order.total : ctx.skip('empty')))
  const kept = await run.each('kept', jsonl<Order>('in.jsonl'), (order, ctx) => (order.total > 0 ? order.total : ctx.skip()))
  for await (const total of kept.results()) same<typeof total, number>(true)
  async function* pages(): AsyncIterable<Order> {}
  const batches = run.stage('batches', () => table(recordBatches()))
  await run.each('rows of Arrow', batches, row => same<typeof row, Record<string, unknown>>(true))
  await run.each('rows of Arrow at once', batches, rows => same<typeof rows, readonly Record<string, unknown>[]>(true), {
    batch: 2,
  })
  // @ts-expect-error its rows come one by one, not its batches
  await run.each('batches of Arrow', batches, (batch: RecordBatch) => batch.numRows)
  const streamed = run.stage('streamed', () => table(pages()))
  await run.each('rows one by one', streamed, row => same<typeof row, Order>(true))
  await run.each('rows one by one, at once', streamed, rows => same<typeof rows, readonly Order[]>(true), { batch: 2 })
  await run.each('from pages', pages(), order => order.id, { key: order => order.id })

  // Stages inside an item, items inside a stage: through ctx.
  await run.each('nested', jsonl<Order>('in.jsonl'), async (order, ctx) => {
    const detail = await ctx.stage('detail', () => ({ of: order.id }))
    same<typeof detail, { of: string }>(true)
    return detail.of
  })
  await run.stage('outer', async ctx => ctx.each('inner', list, order => order.total, { key: order => order.id }))

  // @ts-expect-error an array may come in another order next time: its items need names
  await run.each('no key', list, order => order.id)
  // @ts-expect-error so does an async iterable
  await run.each('no key either', pages(), order => order.id)
  // @ts-expect-error a bare string would be an iterable of characters
  await run.each('a path', 'in.jsonl', line => line, { key: line => line })
  // @ts-expect-error the function takes another item
  await run.each('another item', jsonl<Order>('in.jsonl'), (order: string) => order)
  // @ts-expect-error the output takes something else than the function returns
  await run.each('another output', jsonl<Order>('in.jsonl'), order => order.total, { output: jsonl<Order>('out.jsonl') })
  await run.each('a table', jsonl<Order>('in.jsonl'), order => order, {
    output: sqliteTable<Order>('a.db', { table: 'orders', key: 'id' }),
  })
  await run.each('any table', jsonl<Order>('in.jsonl'), order => order, {
    output: postgresTable('postgres://h/d', { table: 'orders' }),
  })
  await run.each('rows', sqliteQuery<Order>('a.db', 'SELECT * FROM orders'), order => order.total, { key: order => order.id })
  // @ts-expect-error a row is an object
  await run.each('no row', jsonl<Order>('in.jsonl'), order => order.total, { output: sqliteTable('a.db', { table: 'orders' }) })
  // @ts-expect-error no property has this name
  sqliteTable<Order>('a.db', { table: 'orders', key: 'nothing' })
  // @ts-expect-error the table takes other rows
  await run.each('other rows', jsonl<Order>('in.jsonl'), () => ({ a: 1 }), {
    output: sqliteTable<Order>('a.db', { table: 'orders' }),
  })
  // @ts-expect-error not there yet
  void run.pages
  const ref = await run.stage('typed', () => new Map([['a', 1]])).ref
  same<typeof ref.digest, string>(true)
})

export const withoutSchema = pipeline('raw', async (_run, params) => {
  const day = params['day']
  same<typeof day, string | true | readonly string[] | undefined>(true)
})
// @ts-expect-error without a schema nothing checks that there is a day
export const annotated = pipeline('annotated', async (_run, params: { day: string }) => params.day)
export const schemaAnnotated = pipeline(
  'schema-annotated',
  // @ts-expect-error the schema says day is text
  async (_run, params: { day: number }) => params.day,
  { params: z.object({ day: z.string() }) },
)
