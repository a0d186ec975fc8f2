import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, table } from 'waymark'
import { queryLines } from '../../src/cli/render/query-lines.ts'
import { asciiGlyphs } from '../../src/cli/render/screen.ts'
import { WaymarkProject } from './waymark-project.ts'

test('A1 a query prints a table, CSV with all digits, or JSON; an error says what DuckDB says', async t => {
  const project = await WaymarkProject.create(t)
  const store = await open({ path: `${project.path}/.waymark` })
  const schema = { ticker: 'utf8', price: 'float64', volume: 'int64' }
  const rows = [
    { ticker: 'AAPL', price: 190.5, volume: 2n ** 60n },
    { ticker: 'MSFT', price: 410, volume: 7n },
  ]
  await store.save({ id: 'first', run: 'night', stage: 'prices', value: table([{ ticker: 'OLD' }]) })
  await store.save({ id: 'prices', run: 'night', stage: 'prices', value: table(rows, { schema }) })
  await store.close()
  const [printed, csv, json, failed] = await Promise.all([
    project.waymark('query', "select ticker, price from checkpoint('night/prices')"),
    project.waymark('query', "select * from checkpoint('price')", '--csv'),
    project.waymark('query', "select max(volume) as v, sum(price) as p from checkpoint('night')", '--json'),
    project.waymark('query', "select nope from checkpoint('prices')"),
  ])
  assert.deepEqual([printed.stderr, printed.stdout], ['', 'ticker  price\nAAPL    190.5\nMSFT      410\n2 rows\n'])
  assert.equal(csv.stdout, `ticker,price,volume\nAAPL,190.5,${2n ** 60n}\nMSFT,410,7\n`)
  assert.deepEqual(JSON.parse(json.stdout).data, {
    columns: [
      { name: 'v', type: 'int64', isNumber: true },
      { name: 'p', type: 'float64', isNumber: true },
    ],
    rowCount: 1,
    rows: [{ v: String(2n ** 60n), p: 600.5 }],
  })
  assert.deepEqual([failed.code, failed.stdout], [2, ''])
  assert.match(failed.stderr, /DuckDB refuses the query: .*nope/)
})

test('A1 rows keep within 80 columns, hold no control characters, and say how many there are', () => {
  const screen = { columns: 80, rows: 24, color: false, glyphs: asciiGlyphs }
  const columns = Array.from({ length: 7 }, (_, at) => ({ name: `column_${at}`, type: 'utf8', isNumber: at === 6 }))
  const texts = (limit: number) =>
    [columns.map(() => 'x'.repeat(40)), columns.map(() => '\u001b[2J\n'), columns.map(() => null)].slice(0, limit)
  const lines = queryLines({ columns, rowCount: 300, texts }, 3, screen).map(line => line.map(({ text }) => text).join(''))
  assert.equal(lines.length, 5)
  for (const line of lines) assert.ok(line.length <= 80 && !/\p{Cc}/u.test(line), line)
  assert.equal(lines.at(-1), '300 rows, 3 shown')
  assert.match(lines.at(-2) ?? '', /^-( +-){6}$/)
})
