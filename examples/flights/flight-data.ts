import { fileURLToPath } from 'node:url'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Table } from 'apache-arrow'
import { arrowTableFrom } from 'waymark'

const dataFile = (name: string): string => fileURLToPath(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')))

/** 3,000,000 flights within the USA in the first half of 2001, and the airports they are between. */
const flights = dataFile('flights-3m.parquet')
const airports = dataFile('airports.csv')

export async function connect(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create()
  return instance.connect()
}

/** The months there are flights of, as `2001-01`. */
export async function readMonths(connection: DuckDBConnection): Promise<string[]> {
  const result = await connection.runAndReadAll(
    "select distinct strftime(date, '%Y-%m') as month from read_parquet($flights) order by 1",
    { flights },
  )
  return result.getRowsJS().map(([month]) => String(month))
}

/** The first flights of one month, each with where it goes from and to. A flight of an airport that is not in the list has nulls there. */
export async function readMonth(connection: DuckDBConnection, month: string, limit: number): Promise<Table> {
  const result = await connection.run(
    `select date, delay::integer as delay, distance::integer as distance,
       origin, f.city as origin_city, f.state as origin_state,
       destination, t.city as destination_city, t.state as destination_state
     from read_parquet($flights) left join read_csv($airports) f on f.iata = origin left join read_csv($airports) t on t.iata = destination
     where date >= ($month || '-01')::timestamp and date < ($month || '-01')::timestamp + interval 1 month
     order by date, origin, destination, delay, distance limit $limit`,
    { flights, airports, month, limit },
  )
  return arrowTableFrom(result)
}
