import assert from 'node:assert/strict'
import { test } from 'node:test'
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
    /^ {11}day: 2026-01-01T00:00:00.* to 2026-03-01T00:00:00.*\n {11}day: daily\n/m,
    /^ {11}column +type +nulls +distinct +least +greatest\n/m,
    /^ {11}price +float64 +0 +60 +100 +114\.75\n/m,
    /^ {11}a column with qui… {2}utf8 +0 +60 +text/m,
    /^ {11}note +int32 +1 +59 +0 +59$/m,
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
