import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableFromArrays } from 'apache-arrow'
import { open, table } from 'waymark'
import { unicodeGlyphs } from '../../src/cli/render/screen.ts'
import { tableFactsLines } from '../../src/cli/render/table-facts-lines.ts'
import { threeStages, WaymarkProject } from './waymark-project.ts'

const rows = Array.from({ length: 60 }, (_, index) => ({
  day: new Date(Date.UTC(2026, 0, 1 + index)),
  ticker: ['SAP', 'ALV'][index % 2],
  price: 100 + index / 4,
  'a column with quite a long name': `${'text '.repeat(20)}${index}`,
  note: index === 3 ? null : index,
}))

test('[A14] show tells where the tables of a checkpoint are and what each column holds, in 80 columns; --json tells all of it', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const store = await open({ path: `${project.path}/.waymark` })
  await store.save({ id: 'whole', value: table(rows) })
  await store.save({ id: 'parts', value: { prices: table(rows), others: Array.from({ length: 7 }, () => table([{ a: 1 }])) } })
  const screen = { columns: 80, rows: 24, color: false, glyphs: unicodeGlyphs }
  for (const one of tableFactsLines(await store.info('parts'), screen)) {
    const text = one.map(span => span.text).join('')
    assert.ok([...text].length <= 80, text)
  }
  await store.close()
  const { code, stdout, stderr } = await project.waymark('show', 'parts')
  assert.deepEqual([code, stderr], [0, ''])
  for (const pattern of [
    /^ {2}table {4}prices\n {11}60 rows of 5 columns · loads as rows\n {11}content sha256:[0-9a-f]{12}…\n/m,
    /^ {11}range of day: 2026-01-01T00:00:00.* to 2026-03-01T00:00:00.*\n {11}frequency of day: daily\n/m,
    /^ {11}column +type +nulls +distinct +least +greatest +mean\n/m,
    /^ {11}price +float64 +0 +60 +100 +114\.75 +107\.375\n/m,
    /^ {11}a column with quite a long name {2}utf8 +0 +60 +text/m,
    /^ {11}note +int32 +1 +59 +0 +59 +29\.94915\d+$/m,
    /^ {2}table {4}others\[0\]$/m,
    /^ {11}… and 3 more tables$/m,
  ])
    assert.match(stdout, pattern)
  const whole = await project.waymark('show', 'whole')
  assert.match(whole.stdout, /^ {2}holds {4}a table: 60 rows of 5 columns$/m)
  assert.match(whole.stdout, /^ {2}table {4}the value itself$/m)
  const { data } = (await project.json('show', 'parts')) as { data: { checkpoint: { tables: Record<string, unknown>[] } } }
  assert.equal(data.checkpoint.tables.length, 8)
  assert.equal(Object(data.checkpoint.tables[0]?.['facts']).columns[2].mean, 107.375)
})

test('[A14] bounds are told with all their digits, and a row keeps within the screen however long names and types are', async t => {
  const store = await open({ path: `${(await WaymarkProject.create(t)).path}/.waymark` })
  await store.save({
    id: 'wide',
    value: table([{ big: 2 ** 60, [`${'n'.repeat(60)}`]: [{ deep: [new Date(0)], text: 'x' }], zero: -0 }]),
  })
  const info = await store.info('wide')
  const texts = (columns: number) =>
    tableFactsLines(info, { columns, rows: 24, color: false, glyphs: unicodeGlyphs }).map(one =>
      one.map(({ text }) => text).join(''),
    )
  for (const text of texts(80)) assert.ok([...text].length <= 80, text)
  const wide = texts(10_000).join('\n')
  assert.match(wide, /^ +big +float64 +0 +1 +1152921504606846976 +1152921504606846976/m)
  assert.match(wide, /^ +zero +float64 +0 +1 +-0 +-0/m)
  assert.match(wide, /list<struct<deep: list<timestamp\[ms\]>, text: utf8>>/)
  await store.close()
})

test('[A14] show --value prints an Arrow table as its first rows', async t => {
  const project = await WaymarkProject.create(t)
  const store = await open({ path: `${project.path}/.waymark` })
  await store.save({
    id: 'arrow',
    value: table(tableFromArrays({ a: Array.from({ length: 30 }, (_, at) => at / 2), b: new Array(30).fill('x') })),
  })
  await store.close()
  const { stdout, stderr } = await project.waymark('show', 'arrow', '--value')
  assert.match(stdout, /^\{ a: 0, b: 'x' \}\n\{ a: 0\.5, b: 'x' \}\n/)
  assert.equal(stdout.split('\n').length, 21)
  assert.match(stderr, /10 of 30 rows are not shown/)
  const { data } = (await project.json('show', 'arrow', '--value')) as { data: { value: unknown[] } }
  assert.deepEqual(data.value[1], { a: 0.5, b: 'x' })
})
