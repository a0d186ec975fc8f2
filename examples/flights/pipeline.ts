import { pipeline, table } from 'waymark'
import { z } from 'zod'
import { addDelays, type StateDelay } from './delays.ts'
import { connect, readMonth, readMonths } from './flight-data.ts'

/**
 * Joins 3,000,000 flights with their airports, month by month. Every month is a checkpoint that holds its table: after a kill only the month at work is joined again.
 *
 *     npx waymark run examples/flights/pipeline.ts
 *     npx waymark run examples/flights/pipeline.ts --month 2001-01
 *     npx waymark query "select origin_state, avg(delay) from checkpoint('flights@last/month[2001-03]') group by 1 order by 2 desc limit 5"
 */
export default pipeline(
  'flights',
  async (run, { month: only, limit }) => {
    const connection = await connect()
    const months = only === undefined ? await run.stage('months', () => readMonths(connection)) : [only]
    const sums = new Map<string, StateDelay>()
    for (const month of months) {
      const flights = await run.stage('month', async () => table(await readMonth(connection, month, limit)), { key: month })
      addDelays(sums, flights)
    }
    return run.stage('delays by state', () =>
      table([...sums.values()].toSorted((a, b) => b.delayMinutes / b.flights - a.delayMinutes / a.flights)),
    )
  },
  {
    params: z.object({
      /** One month alone, as `2001-01`; default: all. */
      month: z
        .string()
        .regex(/^2001-0[1-6]$/)
        .optional(),
      /** Flights of each month. */
      limit: z.number().int().min(1).default(1_000_000),
    }),
    stages: ['months', 'month', 'delays by state'],
  },
)
