import { jsonl, pipeline, table } from 'waymark'
import { z } from 'zod'
import { lineChart } from './line-chart.ts'
import { readMarketData } from './market-data.ts'
import { addFeatures, clean, priceColumns, validate } from './prices.ts'
import { quantValidation, seriesOf, validateTicker } from './quant-validation.ts'
import { signalFor } from './signals.ts'

/**
 * A portfolio ETL over real market data. Kill it at any moment and run it again: it goes on where it stopped.
 */
export default pipeline(
  'portfolio',
  async (run, params) => {
    // Tables: kept in typed columns, with facts about each that `waymark show` tells and `waymark diff` compares.
    const rows = run.stage('extract', async ctx => table(await readMarketData(ctx.signal)))
    const validation = await run.stage('validate', async () => validate(await rows))
    const prices = run.stage('clean', async () => table(clean(await rows), { schema: priceColumns }), {
      metadata: { symbols: validation.symbols },
    })
    const features = run.stage('features', async () => table(addFeatures(await prices, params.window)))

    // Every ticker is judged by its past: an entry with a plot beside it, that counts once however often the run is killed.
    const series = run.stage('series', async () => seriesOf(await prices))
    await run.each('quant', series, async (one, ctx) => {
      const artifact = { name: `${one.symbol}.png`, bytes: lineChart(one.closes) }
      await ctx.record('quant_validation', validateTicker(one, params.position), { artifact })
    })

    // Item by item: every signal is recorded as it is made, and stands in the file exactly once.
    const signals = await run.each('signals', features, row => signalFor(row, params.paths), {
      concurrency: 8,
      output: jsonl('out/signals.jsonl'),
    })

    return run.stage('report', async () => {
      const actions = new Map<string, number>()
      for await (const { action } of signals.results()) actions.set(action, (actions.get(action) ?? 0) + 1)
      return { rows: validation.rows, unusable: validation.unusable.length, signals: signals.done, actions }
    })
  },
  {
    params: z.object({
      /** Prices that make up a row's past. */
      window: z.number().int().min(2).default(20),
      /** Simulated futures per signal. */
      paths: z.number().int().min(1).default(2_000),
      /** Value of a position that is hinted at. */
      position: z.number().positive().default(10_000),
    }),
    stages: ['extract', 'validate', 'clean', 'features', 'series', 'quant', 'signals', 'report'],
    records: { quant_validation: quantValidation },
    recordTail: 6,
  },
)
