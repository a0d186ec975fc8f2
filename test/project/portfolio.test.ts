import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inflateSync } from 'node:zlib'
import type { StreamEntry } from 'waymark'
import { lineChart } from '../../examples/portfolio/line-chart.ts'
import portfolio from '../../examples/portfolio/pipeline.ts'
import { maxDrawdown, profitFactor, returnsOf, sharpe, sortino, winRate } from '../../examples/portfolio/quant-metrics.ts'
import { seriesOf, validateTicker } from '../../examples/portfolio/quant-validation.ts'
import { withStore } from '../engine/with-store.ts'

const near = (actual: number | null, expected: number): void =>
  assert.ok(actual !== null && Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`)

test('A13 the metrics of the portfolio are what a hand works out', () => {
  // 100 → 110 → 99 → 108.9: +10 %, −10 %, +10 %.
  const closes = [100, 110, 99, 108.9]
  const returns = returnsOf(closes)
  for (const [i, expected] of [0.1, -0.1, 0.1].entries()) near(returns[i] ?? null, expected)
  // Mean 1/30; squared distances 1/225, 4/225, 1/225, sum 6/225, over 2: 1/75. So mean / deviation = √75 / 30; of a year of 12: × √12 = √900 / 30 = 1.
  near(sharpe(returns, 12), 1)
  // Squared losses 0, 1/100, 0, their mean 1/300; (1/30) × √300 = √3 / 3; × √12 = 2.
  near(sortino(returns, 12), 2)
  near(maxDrawdown(closes), 0.1)
  near(winRate(returns), 2 / 3)
  near(profitFactor(returns), 2)
  // From 200 to 50: the later peak of 120 does not count.
  near(maxDrawdown([100, 200, 50, 120, 90]), 0.75)
  assert.deepEqual(
    [sharpe([0.5, 0.5], 12), sharpe([1], 12), sortino([0.1], 12), profitFactor([0.1]), winRate([])],
    [null, null, null, null, 0],
  )
  near(winRate([0, 0.1]), 0.5)
})

test('A13 a ticker is told with the criteria it fails, a position where it fails none, and the market it was judged by', () => {
  const day = 86_400_000
  const prices = (symbol: string, closes: readonly number[]) =>
    closes.map((close, i) => ({ symbol, date: new Date(i * 30 * day), close }))
  const [up, down] = seriesOf([...prices('UP', [10, 11, 12.5, 12, 14]), ...prices('DOWN', [10, 9, 9.5, 3])])
  assert.ok(up !== undefined && down !== undefined)
  const good = validateTicker(up, 1_000)
  assert.deepEqual([good.status, good.failed, good.position], ['pass', [], { value: 994, shares: 71 }])
  assert.deepEqual(good.market, { rows: 5, from: '1970-01-01', to: '1970-05-01', source: 'vega-datasets' })
  const bad = validateTicker(down, 1_000)
  assert.deepEqual(
    [bad.status, bad.failed, bad.position],
    ['fail', ['sharpe', 'sortino', 'maxDrawdown', 'winRate', 'profitFactor'], { value: 0, shares: 0 }],
  )
})

/** Rows of a chart, with a letter a pixel. */
function rowsOf(png: Buffer): string[] {
  const at = png.indexOf('IDAT')
  const pixels = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))
  assert.equal(pixels.length, 321 * 120)
  return Array.from({ length: 120 }, (_, y) =>
    Array.from(pixels.subarray(y * 321 + 1, (y + 1) * 321), one => '.+#'[one]).join(''),
  )
}

test('A13 the chart is a PNG that other programs read, with a line from the first value to the last', () => {
  const png = lineChart([1, 2, 3])
  const rows = rowsOf(png)
  assert.equal(rows.at(-5)?.indexOf('#'), 4)
  assert.equal(rows[4]?.lastIndexOf('#'), 315)
  for (let x = 4; x < 316; x++)
    assert.ok(
      rows.some(row => row[x] === '#'),
      `column ${x}`,
    )
  assert.ok(rows.slice(1, -1).every(row => row.startsWith('+') && row.endsWith('+')))
  for (const values of [[], [5], [2, 2]])
    assert.equal(
      rowsOf(lineChart(values)).some(row => row.includes('#')),
      values.length > 0,
    )
  const folder = mkdtempSync(join(tmpdir(), 'waymark-chart-'))
  try {
    writeFileSync(join(folder, 'chart.png'), png)
    const python =
      'import sys,zlib,struct\nd=open(sys.argv[1],"rb").read()\nassert d[:8]==b"\\x89PNG\\r\\n\\x1a\\n"\no=8\nwhile o<len(d):\n n,=struct.unpack(">I",d[o:o+4])\n assert zlib.crc32(d[o+4:o+8+n])==struct.unpack(">I",d[o+8+n:o+12+n])[0]\n print(d[o+4:o+8].decode(),n)\n o+=12+n\n'
    const chunks = execFileSync('python3', ['-c', python, join(folder, 'chart.png')], { encoding: 'utf8' })
    assert.deepEqual(chunks.replaceAll(/ \d+$/gm, '').trim().split('\n'), ['IHDR', 'PLTE', 'IDAT', 'IEND'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('A13 the portfolio records an entry with a plot for every ticker, once, also when it is stopped in the middle and gone on with', () =>
  withStore(async (store, folder) => {
    const stop = new AbortController()
    const params = { paths: 1, window: 20, position: 10_000 }
    const cwd = process.cwd()
    process.chdir(folder)
    try {
      const options = { store, runId: 'p', until: 'quant' }
      await assert.rejects(
        portfolio.run(params, {
          ...options,
          stopSignal: stop.signal,
          onEvent: event => event.type === 'stage.completed' && event.stage === 'series' && stop.abort(),
        }),
        { code: 'cancelled' },
      )
      await assert.rejects(portfolio.run(params, options), { code: 'cancelled' })
    } finally {
      process.chdir(cwd)
    }
    const entries: StreamEntry[] = []
    for await (const entry of store.eachRecord({ run: 'p', stream: 'quant_validation' })) entries.push(entry)
    assert.deepEqual(
      entries.map(({ entry }) => entry['ticker']),
      ['AAPL', 'AMZN', 'GOOG', 'IBM', 'MSFT', 'SPX'],
    )
    for (const { entry, artifact } of entries) {
      assert.equal(artifact?.name, `${entry['ticker']}.png`)
      assert.ok(['pass', 'fail'].includes(String(entry['status'])))
      const pieces: Uint8Array[] = []
      for await (const piece of store.loadBytes(artifact.id)) pieces.push(piece)
      assert.ok(rowsOf(Buffer.concat(pieces)).some(row => row.includes('#')))
    }
    const [apple] = entries
    assert.deepEqual(Object(apple?.entry)['market'], { rows: 123, from: '2000-01-01', to: '2010-03-01', source: 'vega-datasets' })
  }))
