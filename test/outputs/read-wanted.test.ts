import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { nodeFiles } from '../../src/files/node-files.ts'
import { readElements } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { CompletedSet } from '../../src/model/completed-set.ts'
import { SkippedItems } from '../../src/outputs/item-batch.ts'
import { jsonl } from '../../src/outputs/item-file.ts'
import { readWanted } from '../../src/outputs/read-items.ts'
import { temporaryFolder } from './temporary-folder.ts'

const anyLine = fc.constantFrom('7', '{"a":1}', '"é€😀"', ' [1, 2] \r', '', '  ', '\t\r', 'null')
const anyDone = fc.array(fc.tuple(fc.nat(40), fc.nat(10)), { maxLength: 6 })

test('B3 of a file every item that is not recorded is read, at its own place, whatever byte a read ends at', async context => {
  const baseDirectory = await temporaryFolder(context)
  const check = fc.asyncProperty(
    fc.array(anyLine, { maxLength: 40 }),
    anyDone,
    fc.integer({ min: 1, max: 50 }),
    fc.boolean(),
    async (lines, done, blockBytes, endsWithNewline) => {
      const items = lines.filter(line => line.trim() !== '').map(line => JSON.parse(line))
      const recorded = new CompletedSet()
      for (const [from, length] of done) recorded.addRange(from, from + length)
      await writeFile(`${baseDirectory}/in.jsonl`, lines.join('\n') + (endsWithNewline ? '\n' : ''))
      const read = new Map<number, unknown>()
      let index = 0
      const nextWanted = (from: number) => recorded.nextMissing(from)
      for await (const batch of readWanted(nodeFiles, jsonl('in.jsonl'), { baseDirectory, blockBytes, nextWanted })) {
        if (batch instanceof SkippedItems) {
          for (let i = 0; i < batch.count; i++) assert.ok(recorded.has(index + i), `item ${index + i} was skipped`)
          index += batch.count
        } else for (const item of batch) read.set(index++, item)
      }
      assert.equal(index, items.length)
      for (const [at, item] of read) assert.deepEqual(item, items[at])
      for (const at of items.keys()) assert.ok(read.has(at) || recorded.has(at), `item ${at} is missing`)
    },
  )
  await fc.assert(check, { numRuns: 150 })
})

test('lines that are recorded are not parsed: one that was damaged meanwhile stops nobody who does not need it', async context => {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/in.jsonl`, '1\nnot JSON\n3\n')
  const items: unknown[] = []
  const options = { baseDirectory, nextWanted: (index: number) => Math.max(index, 2) }
  for await (const batch of readWanted(nodeFiles, jsonl('in.jsonl'), options))
    if (!(batch instanceof SkippedItems)) items.push(...batch)
  assert.deepEqual(items, [3])
})

const shared = { of: 'all' }
const anyElement = fc.constantFrom<unknown>(
  1,
  -5,
  2.5,
  1e300,
  'text',
  null,
  undefined,
  [1, [2]],
  { a: { b: 'c' } },
  new Map([[1, new Date(0)]]),
  10n ** 30n,
  new Uint8Array(300),
  shared,
  [shared],
)

test('B3 elements of a stage’s result are the same when others are skipped, shared ones too', () => {
  fc.assert(
    fc.property(fc.array(anyElement, { maxLength: 30 }), fc.infiniteStream(fc.boolean()), (elements, choices) => {
      const reader = readElements(encodeValue(elements, { references: true }))
      assert.equal(reader.count, elements.length)
      for (const element of elements) {
        if (choices.next().value === true) reader.skip(1)
        else assert.deepEqual(reader.next(), element)
      }
      reader.finish()
    }),
  )
})

test('elements that are cut off are corrupt, skipped or not', () => {
  const bytes = encodeValue([1, 'text', { a: [1, 2, 3] }, new Uint8Array(40)])
  for (let length = 1; length < bytes.length; length++) {
    const read = () => {
      const reader = readElements(bytes.subarray(0, length))
      reader.skip(reader.count)
      reader.finish()
    }
    assert.throws(read, { code: 'corrupt' }, `${length} bytes`)
  }
})
