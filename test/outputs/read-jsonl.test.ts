import assert from 'node:assert/strict'
import { mkdir, open, truncate, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError, type WaymarkError } from '../../src/model/errors.ts'
import { csv, type ItemFile, jsonl } from '../../src/outputs/item-file.ts'
import { type ReadItemsOptions, readItems } from '../../src/outputs/read-items.ts'
import { countingFiles, faultyFiles } from '../../src/testing/faulty-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function itemsOf<T>(file: ItemFile<T, never>, options: ReadItemsOptions): Promise<T[]> {
  const items: T[] = []
  for await (const batch of readItems(nodeFiles, file, options)) items.push(...batch)
  return items
}

/** Writes `in.jsonl` and reads it back. */
async function read(
  context: TestContext,
  content: string | Uint8Array,
  options: Partial<ReadItemsOptions> = {},
): Promise<unknown[]> {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/in.jsonl`, content)
  return itemsOf(jsonl('in.jsonl'), { baseDirectory, ...options })
}

const errorWith = (code: string, text: RegExp, line?: number) => (error: unknown) => {
  assert.ok(isWaymarkError(error), String(error))
  assert.equal(error.code, code)
  assert.match(error.message, text)
  if (line !== undefined) assert.equal(error.details['line'], line)
  return true
}

test('X1 names with escapes are those of the line, whatever names the lines before had', async context => {
  // What V8 13.6 would read as the name of the line before.
  const lines = ['\\', '"', '\n', '\u0001', 'a\\', 'a"'].map(name => JSON.stringify({ id: 1, [name]: 2 }))
  const expected = lines.map(line => line.slice(1, -1))
  assert.deepEqual(
    (await read(context, lines.join('\n'))).map(item => JSON.stringify(item).slice(1, -1)),
    expected,
  )
})

test('blank lines, CRLF, a byte order mark and a last line without newline are all read as meant', async context => {
  assert.deepEqual(await read(context, '\uFEFF{"a":1}\r\n\r\n  \t\n2\n\n"three"'), [{ a: 1 }, 2, 'three'])
  assert.deepEqual(await read(context, '\n\n'), [])
})

test('an empty file has no items', async context => {
  assert.deepEqual(await read(context, ''), [])
  assert.deepEqual(await read(context, '\uFEFF'), [])
})

test('a file reads the same whatever byte a read ends at', async context => {
  const items = [{ text: 'é€😀 \u2028 \u0000' }, 'ünï', { ключ: ['値', '🇨🇭'] }, 7]
  const content = Buffer.from(`\uFEFF${items.map(item => JSON.stringify(item)).join('\r\n')}`)
  for (let blockBytes = 1; blockBytes <= content.length + 1; blockBytes++) {
    assert.deepEqual(await read(context, content, { blockBytes }), items, `${blockBytes} bytes per read`)
  }
})

test('a line over many reads is one item, and one over the limit is refused by line', async context => {
  const long = { text: 'x'.repeat(3_000_000) }
  const content = `1\n${JSON.stringify(long)}\n2\n`
  assert.deepEqual(await read(context, content, { blockBytes: 4_096 }), [1, long, 2])
  await assert.rejects(
    read(context, content, { blockBytes: 4_096, maxItemBytes: 1_000_000 }),
    errorWith('limit', /in\.jsonl line 2/, 2),
  )
})

test('a file without newlines is refused before it fills the memory', async context => {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/in.jsonl`, '')
  await truncate(`${baseDirectory}/in.jsonl`, 2 ** 40)
  const counting = countingFiles(nodeFiles)
  const reading = readItems(counting, jsonl('in.jsonl'), { baseDirectory, blockBytes: 1_000, maxItemBytes: 10_000 })
  await assert.rejects(reading.next(), errorWith('limit', /line 1 is longer than 10000 bytes/, 1))
  assert.ok(counting.counts.read < 20, `${counting.counts.read} reads`)
})

test('a malformed line is invalid, with file, line and its beginning', async context => {
  const broken = `{"id": 1}\n\n{"id": 2 "total": ${'9'.repeat(200)}}\n{"id": 3}\n`
  await assert.rejects(read(context, broken), errorWith('invalid', /^in\.jsonl line 3 is not JSON: \{"id": 2 "total": 9+…$/, 3))
  await assert.rejects(read(context, broken, { blockBytes: 7 }), errorWith('invalid', /line 3/, 3))
  await assert.rejects(read(context, '1\n\0\0\0\n'), errorWith('invalid', /line 2 is not JSON: \\u0000/, 2))
  await assert.rejects(read(context, '1,2\n'), errorWith('invalid', /line 1/, 1))
})

test('bytes that are not UTF-8 are refused instead of replaced, whatever the reads', async context => {
  const content = Buffer.concat([Buffer.from('"a"\n"b"\n"caf'), Buffer.of(0xe9), Buffer.from('"\n"d"\n')])
  for (const blockBytes of [1, 3, 5, 1_000]) {
    await assert.rejects(read(context, content, { blockBytes }), errorWith('invalid', /in\.jsonl line 3 is not UTF-8/, 3))
  }
  await assert.rejects(read(context, Buffer.of(0x22, 0xc3)), errorWith('invalid', /line 1 is not UTF-8/, 1))
})

test('items come in batches of at most 250, and reading can begin at any of them', async context => {
  const baseDirectory = await temporaryFolder(context)
  const all = Array.from({ length: 2_345 }, (_, index) => index)
  await writeFile(`${baseDirectory}/in.jsonl`, `${all.join('\n\n')}\n`)
  const sizes: number[] = []
  for await (const batch of readItems(nodeFiles, jsonl('in.jsonl'), { baseDirectory })) sizes.push(batch.length)
  assert.deepEqual(sizes, [...Array.from({ length: 9 }, () => 250), 95])
  for (const from of [0, 1, 249, 250, 251, 999, 1_000, 1_001, 2_344, 2_345, 9_999]) {
    assert.deepEqual(await itemsOf(jsonl('in.jsonl'), { baseDirectory, from }), all.slice(from), `from ${from}`)
  }
})

test('a schema converts each item, and what does not match names its line', async context => {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/in.jsonl`, '{"day":"2026-11-20"}\n\n{"day":"2026-11-21"}\n{"day":"never"}\n')
  const schema = z.object({ day: z.coerce.date() })
  const first = await readItems(nodeFiles, jsonl('in.jsonl', { schema }), { baseDirectory, blockBytes: 30 }).next()
  assert.deepEqual(first.value, [{ day: new Date('2026-11-20') }])
  await assert.rejects(
    itemsOf(jsonl('in.jsonl', { schema }), { baseDirectory }),
    errorWith('invalid', /line 4 does not match its schema: day: /, 4),
  )
})

test('what does not match a schema names its line, wherever blank lines stand before it', async context => {
  const baseDirectory = await temporaryFolder(context)
  const schema = z.number()
  for (const blanks of [[], [1], [2, 3], [249, 250, 251, 252], [260, 300], [251]])
    for (const bad of [1, 4, 248, 253, 255, 310, 520]) {
      const lines = Array.from({ length: 600 }, (_, i): string => (blanks.includes(i + 1) && i + 1 !== bad ? ' ' : '7'))
      lines[bad - 1] = '"seven"'
      await writeFile(`${baseDirectory}/in.jsonl`, lines.join('\n'))
      await assert.rejects(
        itemsOf(jsonl('in.jsonl', { schema }), { baseDirectory }),
        errorWith('invalid', / line \d+ does not match/, bad),
      )
    }
})

test('a schema that answers later is waited for, in order', async context => {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/in.jsonl`, '3\n1\n2\n')
  const schema = z
    .number()
    .refine(async number => number > 0)
    .transform(number => number * 2)
  assert.deepEqual(await itemsOf(jsonl('in.jsonl', { schema }), { baseDirectory }), [6, 2, 4])
})

test('a missing file is not_found and a folder invalid, for both formats', async context => {
  const baseDirectory = await temporaryFolder(context)
  await mkdir(`${baseDirectory}/folder`)
  for (const describe of [jsonl, csv]) {
    await assert.rejects(itemsOf<unknown>(describe('folder'), { baseDirectory }), errorWith('invalid', /folder is a folder/))
    await assert.rejects(itemsOf<unknown>(describe('nope/in'), { baseDirectory }), (error: WaymarkError) => {
      errorWith('not_found', /no file nope\/in/)(error)
      assert.ok(error.remedy.includes(`${baseDirectory}/nope/in`))
      return true
    })
  }
})

test('a disk that fails while reading is unavailable, and the file is closed however reading ends', async context => {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/in.jsonl`, '1\n2\n3\n')
  const counting = countingFiles(nodeFiles)
  const failing = faultyFiles(counting, [{ when: ({ kind, nthOfKind }) => kind === 'read' && nthOfKind === 3, code: 'EIO' }])
  const reading = readItems(failing, jsonl('in.jsonl'), { baseDirectory, blockBytes: 2 })
  assert.deepEqual((await reading.next()).value, [1])
  await assert.rejects(reading.next(), errorWith('unavailable', /in\.jsonl/))
  for await (const batch of readItems(counting, jsonl<number>('in.jsonl'), { baseDirectory, blockBytes: 2 }))
    if (batch.includes(2)) break
  assert.deepEqual([counting.counts.open, counting.counts.close], [2, 2])
})

test('reading stops with the reason of the signal', async context => {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/in.jsonl`, '1\n2\n3\n')
  const controller = new AbortController()
  const reading = readItems(nodeFiles, jsonl('in.jsonl'), { baseDirectory, blockBytes: 2, signal: controller.signal })
  await reading.next()
  const reason = new Error('enough')
  controller.abort(reason)
  await assert.rejects(reading.next(), error => error === reason)
})

test('memory stays bounded: only what is asked for is read', async context => {
  const baseDirectory = await temporaryFolder(context)
  const file = await open(`${baseDirectory}/in.jsonl`, 'w')
  for (let i = 0; i < 100; i++) await file.write(`${JSON.stringify('x'.repeat(99_000))}\n`)
  await file.close()
  const counting = countingFiles(nodeFiles)
  const reading = readItems(counting, jsonl('in.jsonl'), { baseDirectory })
  await reading.next()
  await reading.return()
  assert.ok(counting.counts.read <= 3, `${counting.counts.read} reads for the first batch`)
})
