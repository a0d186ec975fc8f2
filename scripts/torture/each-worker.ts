// The process that is killed: node each-worker.ts FOLDER SEED RUNS. It goes on with every run of the store at once, and exits with 0 when all are completed.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  type BatchContext,
  callback,
  csv,
  type EachResult,
  folder,
  type ItemContext,
  jsonl,
  open,
  parquet,
  pipeline,
  type Run,
  sqliteTable,
} from 'waymark'
import { type Features, featuresOf, isFlaky, isPoison } from './each-features.ts'

const [place = '', seed = '0', runs = '1'] = process.argv.slice(2)

interface Row {
  readonly n: number
  readonly text: string
}

const note = (line: string) => appendFileSync(join(place, 'calls.log'), `${line}\n`)

function outputOf({ output, name }: Features) {
  switch (output) {
    case 'none':
      return undefined
    case 'jsonl':
      return jsonl<Row>(join(place, `${name}.jsonl`))
    case 'csv':
      return csv<Row>(join(place, `${name}.csv`))
    case 'parquet':
      return parquet<Row>(join(place, `${name}.parquet`), { rowsPerPart: 40 })
    case 'folder':
      return folder<Row>(join(place, `${name}.files`), { name: row => `${row.n}.json` })
    case 'sqlite':
      return sqliteTable<Row>(join(place, `${name}.db`), { table: 'rows', create: true })
    case 'callback':
      return callback<Row>(async rows => {
        for (const { value, idempotencyKey } of rows)
          appendFileSync(join(place, `${name}.sent`), `${value.n} ${idempotencyKey}\n`)
      })
  }
}

function tortured(features: Features) {
  const { name, items, concurrency, batch, save, durability, slowness, nested } = features
  return pipeline(name, async run => {
    const numbers = Array.from({ length: items }, (_, n) => ({ n }))
    const work = async (n: number): Promise<Row> => {
      if (slowness > 0) await setTimeout((n * 7) % slowness)
      if (isPoison(features, n)) throw new Error(`item ${n} is poison`)
      return { n, text: 'x'.repeat(n % 50) }
    }
    const one = async ({ n }: { readonly n: number }, ctx: ItemContext) => {
      note(`${run.attempt} ${name} ${n}`)
      if (nested && n % 13 === 0) {
        await ctx.stage('inner', () => {
          note(`${run.attempt} ${name} inner${n}`)
          return n
        })
      }
      if (isFlaky(features, n) && ctx.call === 1) throw new Error(`item ${n} fails the first time`)
      return await work(n)
    }
    const many = async (list: readonly { readonly n: number }[], ctx: BatchContext) => {
      for (const { n } of list) note(`${run.attempt} ${name} ${n}`)
      if (list.some(({ n }) => isFlaky(features, n)) && ctx.call === 1) throw new Error('the first time')
      return await Promise.all(list.map(({ n }) => work(n)))
    }
    const pass = async (verbs: Pick<Run, 'each' | 'stage'>): Promise<EachResult<Row>> => {
      const output = outputOf(features)
      const options = {
        concurrency,
        save,
        durability,
        retry: { attempts: 2, delayMs: 2 },
        tolerate: { share: 1 },
        ...(output === undefined ? {} : { output }),
      }
      const source =
        features.input === 'jsonl'
          ? jsonl<{ n: number }>(join(place, `${name}.in`))
          : features.input === 'stage'
            ? verbs.stage('numbers', () => numbers)
            : undefined
      const key = (item: { readonly n: number }) => item.n
      if (batch === undefined) {
        return source === undefined
          ? verbs.each('work', numbers, one, { ...options, key })
          : verbs.each('work', source, one, options)
      }
      return source === undefined
        ? verbs.each('work', numbers, many, { ...options, key, batch })
        : verbs.each('work', source, many, { ...options, batch })
    }
    if (features.inside) return await run.stage('outer', async ctx => await sumOf(await pass(ctx), features))
    return await sumOf(await pass(run), features)
  })
}

async function sumOf({ done, setAside, results }: EachResult<Row>, { output }: Features) {
  if (output !== 'none') return { done, setAside }
  let sum = 0
  for await (const { n } of results()) sum += n
  return { done, setAside, sum }
}

const store = await open({ path: join(place, '.waymark') })
const outcomes = await Promise.all(
  Array.from({ length: Number(runs) }, async (_, run) => {
    const features = featuresOf(Number(seed), run)
    return await tortured(features).run({}, { store, runId: features.name })
  }),
)
await store.close()
console.log(JSON.stringify(outcomes))
