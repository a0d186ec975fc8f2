import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { csv, type ItemFile } from '../../src/outputs/item-file.ts'
import { type ReadItemsOptions, readItems } from '../../src/outputs/read-items.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function read(
  context: TestContext,
  content: string | Uint8Array,
  options: Partial<ReadItemsOptions> & { file?: ItemFile<unknown, never> } = {},
): Promise<unknown[]> {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/in.csv`, content)
  const items: unknown[] = []
  for await (const batch of readItems(nodeFiles, options.file ?? csv('in.csv'), { baseDirectory, ...options }))
    items.push(...batch)
  return items
}

const invalid = (text: RegExp, line?: number) => (error: unknown) => {
  assert.ok(isWaymarkError(error, 'invalid'), String(error))
  assert.match(error.message, text)
  if (line !== undefined) assert.equal(error.details['line'], line, error.message)
  return true
}

test('rows are objects of strings under the names of the header', async context => {
  assert.deepEqual(await read(context, 'id,note\n1,\n"2","a ""quoted"", note\nof two lines"\n'), [
    { id: '1', note: '' },
    { id: '2', note: 'a "quoted", note\nof two lines' },
  ])
})

test('a byte order mark, CRLF, mixed line ends, blank lines and a last row without newline are read as meant', async context => {
  assert.deepEqual(await read(context, '\uFEFFid,b\r\n1,x\n\n2,"y\r\nz"\r\n\r\n3,w'), [
    { id: '1', b: 'x' },
    { id: '2', b: 'y\r\nz' },
    { id: '3', b: 'w' },
  ])
  assert.deepEqual(await read(context, 'a\r1\r2\r'), [{ a: '1' }, { a: '2' }])
})

test('an empty quoted field of a single column is a row, a blank line is not', async context => {
  assert.deepEqual(await read(context, 'a\n""\n\nx\n'), [{ a: '' }, { a: 'x' }])
})

test('an empty file and one with only a header have no items', async context => {
  assert.deepEqual(await read(context, ''), [])
  assert.deepEqual(await read(context, 'a,b'), [])
  assert.deepEqual(await read(context, 'a,b\n'), [])
})

test('a file reads the same whatever byte a read ends at', async context => {
  const content = Buffer.from('\uFEFFklé,値\r\n"😀,""\r\n€",ü\r\nx,"ключ"\r\n\r\n"","e"')
  const rows = [
    { klé: '😀,"\r\n€', 値: 'ü' },
    { klé: 'x', 値: 'ключ' },
    { klé: '', 値: 'e' },
  ]
  for (let blockBytes = 1; blockBytes <= content.length + 1; blockBytes++) {
    assert.deepEqual(await read(context, content, { blockBytes }), rows, `${blockBytes} bytes per read`)
  }
})

test('a header with an empty, a doubled or a dangerous name is invalid', async context => {
  await assert.rejects(read(context, 'id,,x\n1,2,3\n'), invalid(/header of in\.csv has a column without a name/))
  await assert.rejects(read(context, 'id,x,id\n1,2,3\n'), invalid(/two columns named "id"/))
  await assert.rejects(read(context, '__proto__,x\n1,2\n'), invalid(/__proto__/))
})

test('columns that were asked for must be in the header', async context => {
  const file = csv('in.csv', { columns: ['id', 'price'] })
  await assert.rejects(read(context, 'id;price\n1;2\n', { file }), invalid(/no column "id", "price"; its header is id;price/))
  assert.deepEqual(await read(context, 'x,price,id\n0,2,1\n', { file }), [{ x: '0', price: '2', id: '1' }])
})

test('a malformed row names the line on which it begins, also behind quoted line ends and blank lines', async context => {
  const before = 'id,b\r\n1,"x\r\ny\r\nz"\r\n\r\n2,b\r\n'
  for (const blockBytes of [1, 7, 1_000]) {
    await assert.rejects(
      read(context, `${before}\r\n3,b,c\r\n4,d\r\n`, { blockBytes }),
      invalid(/in\.csv line 8 .*not as many fields.*: 3,b,c$/, 8),
    )
    await assert.rejects(read(context, `${before}3,"b"c\r\n`, { blockBytes }), invalid(/line 7 .*closing quote/, 7))
    await assert.rejects(read(context, `${before}3,b"c\r\n`, { blockBytes }), invalid(/line 7 .*inside an unquoted/, 7))
    await assert.rejects(read(context, `${before}3,"b\r\n4,c\r\n`, { blockBytes }), invalid(/line 7 .*not closed/, 7))
  }
  await assert.rejects(read(context, 'a,"b\n'), invalid(/line 1 .*not closed/, 1))
  await assert.rejects(read(context, '\uFEFFa\n1\n2\n3,4\n'), invalid(/line 4 .*: 3,4$/, 4))
})

test('a malformed row names its line as editors count, whichever way lines end', async context => {
  const field = fc.constantFrom('v', 'ü', '"q,r"', '"x\n""y"', '"x\r\ny\n"', '')
  const rows = fc.array(fc.tuple(field, fc.constantFrom('', '\n', '\n\n')), { maxLength: 8 })
  const bad = fc.constantFrom('1,2,3', '"m\nm"', '"x"y,1', '1,x"y')
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('\n', '\r\n', '\r'), rows, bad, rows, async (lineEnd, before, wrong, after) => {
      const written = (list: typeof before) => list.map(([text, blank]) => `${blank}${text},z\n`).join('')
      // Within quotes a line may end in another way than between rows.
      const head = `a,b\n${written(before)}`.replaceAll(/(?<!\r)\n/g, lineEnd)
      const content = `${head}${wrong}${lineEnd}${written(after).replaceAll(/(?<!\r)\n/g, lineEnd)}`
      await assert.rejects(read(context, content), invalid(/is not a CSV row/, head.split(/\r\n|\r|\n/).length))
    }),
    { numRuns: 60 },
  )
})

test('a malformed row names its line wherever it stands, with or without an end of its line', async context => {
  const rows = ['1,2', '"3","4"', '5,"six\nor ""7"""', '8,9']
  for (const lineEnd of ['\n', '\r\n', '\r']) {
    for (const [wrong, isLast] of [
      ['5', false],
      ['1,2,3', false],
      ['"x"y,1', false],
      ['1,"x', true],
    ] as const) {
      for (let at = isLast ? rows.length : 0; at <= rows.length; at++) {
        for (const end of ['', lineEnd]) {
          const head = ['a,b', ...rows.slice(0, at), ''].join(lineEnd)
          const content = `${head}${[wrong, ...rows.slice(at)].join(lineEnd)}${end}`
          for (const blockBytes of [1, 1_000])
            await assert.rejects(
              read(context, content, { blockBytes }),
              invalid(/is not a CSV row/, head.split(/\r\n|\r|\n/).length),
              JSON.stringify(content),
            )
        }
      }
    }
  }
})

test('a quote that is never closed does not fill the memory', async context => {
  const content = `a,b\n1,2\n3,"${'x\n'.repeat(100_000)}`
  await assert.rejects(read(context, content, { maxItemBytes: 10_000, blockBytes: 4_096 }), error => {
    assert.ok(isWaymarkError(error, 'limit'))
    assert.equal(error.details['line'], 3)
    return true
  })
})

test('bytes that are not UTF-8 are refused instead of replaced', async context => {
  const content = Buffer.concat([Buffer.from('a,b\n1,"x\ny"\n2,caf'), Buffer.of(0xe9), Buffer.from('\n')])
  for (const blockBytes of [1, 1_000])
    await assert.rejects(read(context, content, { blockBytes }), invalid(/line 4 is not UTF-8/, 4))
})

test('a schema converts the strings, and what does not match names its line', async context => {
  const file = csv('in.csv', { schema: z.object({ id: z.coerce.number().int(), name: z.string() }) })
  assert.deepEqual(await read(context, 'id,name\n1,a\n', { file }), [{ id: 1, name: 'a' }])
  const content = 'id,name\r\n1,"a\r\nb"\r\n\r\n2,c\r\nx,d\r\n'
  for (const blockBytes of [1, 9, 1_000]) {
    await assert.rejects(
      read(context, content, { file, blockBytes }),
      invalid(/in\.csv line 6 does not match its schema: id: /, 6),
    )
  }
})

test('reading can begin at any row, and the line of a bad one is still right', async context => {
  const rows = Array.from({ length: 2_500 }, (_, index) => ({ n: String(index), t: `t${index}` }))
  const content = `n,t\n${rows.map(row => `${row.n},${row.t}\n`).join('')}`
  for (const from of [0, 1, 999, 1_000, 1_001, 2_499, 2_500, 9_999]) {
    assert.deepEqual(await read(context, content, { from }), rows.slice(from), `from ${from}`)
  }
  const file = csv('in.csv', { schema: z.object({ n: z.string().refine(n => n !== '2007'), t: z.string() }) })
  await assert.rejects(read(context, content, { file, from: 1_500, blockBytes: 1_024 }), invalid(/line 2009 /, 2_009))
})

test('real data is read field by field: the airports of the USA', async context => {
  const path = new URL('../data/airports.csv', import.meta.resolve('vega-datasets'))
  const lines = (await readFile(path, 'utf8')).trim().split(/\r?\n/)
  const rows = await read(context, await readFile(path), { blockBytes: 10_000 })
  assert.equal(rows.length, 3_376)
  for (const [index, line] of lines.slice(1).entries()) {
    const row = rows[index]
    assert.ok(typeof row === 'object' && row !== null)
    assert.deepEqual(Object.keys(row), ['iata', 'name', 'city', 'state', 'country', 'latitude', 'longitude'])
    if (!line.includes('"')) assert.equal(Object.values(row).join(','), line)
  }
})
