import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import type { FilePosition } from '../../src/model/output-position.ts'
import { type CsvFile, csv } from '../../src/outputs/item-file.ts'
import { openOutput } from '../../src/outputs/open-output.ts'
import { readItems } from '../../src/outputs/read-items.ts'
import { temporaryFolder } from './temporary-folder.ts'

const open = (baseDirectory: string, file: CsvFile<unknown, never>, recorded?: FilePosition) =>
  openOutput(nodeFiles, file, { baseDirectory, token: 1, earlierOwnerDead: true, recorded })

/** The file after these rows were written by one run. */
async function written(context: TestContext, file: CsvFile<unknown, never>, rows: readonly unknown[]): Promise<string> {
  const baseDirectory = await temporaryFolder(context)
  const writer = await open(baseDirectory, file)
  for (const row of rows) writer.add(row)
  await writer.finish()
  return readFile(`${baseDirectory}/${file.path}`, 'utf8')
}

const refuses = (add: () => void, text: RegExp) =>
  assert.throws(add, error => {
    assert.ok(isWaymarkError(error, 'invalid'), String(error))
    assert.match(error.message, text)
    return true
  })

test('the first row decides the columns, the header is written once, fields are quoted only where they must be', async context => {
  const rows = [
    { id: 1, note: 'plain', at: new Date(0), ok: true, none: null },
    { none: undefined, ok: false, at: '', id: 2n, note: 'a "b", c\r\nd' },
  ]
  assert.equal(
    await written(context, csv('out.csv'), rows),
    'id,note,at,ok,none\n1,plain,1970-01-01T00:00:00.000Z,true,\n2,"a ""b"", c\r\nd",,false,\n',
  )
})

test('listed columns decide order and choice; their header is there even without a row', async context => {
  const file = csv('out.csv', { columns: ['b', 'a'], delimiter: ';' })
  assert.equal(await written(context, file, [{ a: '1;2', c: 'left out' }, { b: 'x,y' }]), 'b;a\n;"1;2"\nx,y;\n')
  assert.equal(await written(context, file, []), 'b;a\n')
  assert.equal(await written(context, csv('out.csv'), []), '')
})

test('a row with other keys, or a value without a text, is refused and leaves nothing behind', async context => {
  const writer = await open(await temporaryFolder(context), csv('out.csv'))
  context.after(() => writer.close())
  for (const first of [{}, [1], null, 'text', new Map(), { a: { b: 1 } }, { '': 1 }]) {
    refuses(() => writer.add(first), /columns|without a name|not an object|cannot hold/)
    assert.equal(writer.pendingBytes, 0)
  }
  writer.add({ a: 1, b: 2 })
  const before = writer.pendingBytes
  refuses(() => writer.add({ a: 1 }), /without b/)
  refuses(() => writer.add({ a: 1, b: 2, c: 3 }), /with c/)
  refuses(() => writer.add({ a: 1, c: 3 }), /without b, with c/)
  refuses(() => writer.add({ a: Number.NaN, b: 2 }), /Column a holds NaN/)
  refuses(() => writer.add({ a: 1, b: [2] }), /Column b holds an array/)
  refuses(() => writer.add({ a: 1, b: () => 2 }), /Column b holds a function/)
  refuses(() => writer.add({ a: 1, b: new Date(Number.NaN) }), /Column b holds an invalid Date/)
  refuses(() => writer.add({ a: 1, b: '\ud800' }), /surrogate/)
  assert.equal(writer.pendingBytes, before)
})

test('append goes on under the header that is there, whose columns it takes', async context => {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/log.csv`, '\uFEFFid,"a b"\r\n1,x')
  const writer = await open(baseDirectory, csv('log.csv', { append: true }))
  refuses(() => writer.add({ id: 2 }), /without a b/)
  writer.add({ 'a b': 'y', id: 2 })
  const position = await writer.finish()
  assert.deepEqual(position.columns, ['id', 'a b'])
  assert.equal(await readFile(`${baseDirectory}/log.csv`, 'utf8'), '\uFEFFid,"a b"\r\n1,x\n2,y\n')
  const others = open(baseDirectory, csv('log.csv', { append: true, columns: ['a b', 'id'] }))
  await assert.rejects(others, error => isWaymarkError(error, 'conflict'))
})

test('X3 a resumed table keeps its columns and does not write the header again', async context => {
  const baseDirectory = await temporaryFolder(context)
  const first = await open(baseDirectory, csv('out.csv'))
  first.add({ a: 1, b: 2 })
  const recorded = await first.flush()
  first.add({ a: 3, b: 4 })
  await first.flush()
  await first.close()
  const second = await open(baseDirectory, csv('out.csv'), recorded)
  refuses(() => second.add({ b: 5 }), /without a/)
  second.add({ b: 6, a: 5 })
  await second.finish()
  assert.equal(await readFile(`${baseDirectory}/out.csv`, 'utf8'), 'a,b\n1,2\n5,6\n')
})

test('X3 a table whose header was never counted gets it again', async context => {
  const baseDirectory = await temporaryFolder(context)
  const first = await open(baseDirectory, csv('out.csv'))
  const recorded = first.position
  first.add({ a: 1 })
  await first.flush()
  await first.close()
  const second = await open(baseDirectory, csv('out.csv'), recorded)
  second.add({ b: 2 })
  await second.finish()
  assert.equal(await readFile(`${baseDirectory}/out.csv`, 'utf8'), 'b\n2\n')
})

test('every table of texts reads back as it was written', async context => {
  const baseDirectory = await temporaryFolder(context)
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('"', ',', ';', '|', '^', '\\', ']', '\n', '\r', ' ', '\t', 'a', 'é', '\uFEFF', '\0') }),
  )
  const name = text.filter(column => column !== '' && column !== '__proto__')
  const table = fc
    .uniqueArray(name, { minLength: 1, maxLength: 4 })
    .chain(columns =>
      fc.tuple(
        fc.constant(columns),
        fc.array(fc.array(text, { minLength: columns.length, maxLength: columns.length }), { minLength: 1 }),
      ),
    )
  const options = fc.record({
    delimiter: fc.constantFrom(',', ';', '\t', '|', '^', '\\', ']', '-', 'x'),
    blockBytes: fc.integer({ min: 1, max: 100 }),
  })
  await fc.assert(
    fc.asyncProperty(table, options, async ([columns, cells], { delimiter, blockBytes }) => {
      const rows = cells.map(fields => Object.fromEntries(columns.map((column, i) => [column, fields[i] ?? ''])))
      const file = csv('out.csv', { delimiter })
      const writer = await open(baseDirectory, file)
      for (const row of rows) writer.add(row)
      await writer.finish()
      const back: unknown[] = []
      for await (const batch of readItems(nodeFiles, file, { baseDirectory, blockBytes })) back.push(...batch)
      assert.deepEqual(back, rows)
    }),
    { numRuns: 200 },
  )
})
