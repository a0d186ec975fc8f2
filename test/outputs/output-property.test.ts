import assert from 'node:assert/strict'
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { nodeFiles } from '../../src/files/node-files.ts'
import type { OutputPosition } from '../../src/model/output-position.ts'
import { csv, type ItemFile, jsonl } from '../../src/outputs/item-file.ts'
import { openOutput } from '../../src/outputs/open-output.ts'
import type { OutputWriter } from '../../src/outputs/output-writer.ts'
import { readItems } from '../../src/outputs/read-items.ts'
import { startOfOutput } from '../../src/outputs/start-of-output.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What happens to a run between its start and its end. */
type Event =
  | { readonly kind: 'add'; readonly texts: readonly string[] }
  /** `counted`: the record of the flush reaches the log before the next crash. */
  | { readonly kind: 'flush'; readonly counted: boolean }
  /** The owner ends, or only stalls with the file open; `garbage` is what reached the file of its last write. */
  | { readonly kind: 'crash'; readonly stalled: boolean; readonly garbage: Uint8Array }

const text = fc.string({ unit: 'grapheme' })
const event: fc.Arbitrary<Event> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('add' as const), texts: fc.array(text, { maxLength: 5 }) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('flush' as const), counted: fc.boolean() }), weight: 2 },
  {
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      stalled: fc.boolean(),
      garbage: fc.uint8Array({ maxLength: 30 }),
    }),
    weight: 1,
  },
)

const files: readonly ItemFile<{ text: string }, { text: string }>[] = [
  jsonl('out/items.jsonl'),
  jsonl('out/items.jsonl', { append: true }),
  csv<{ text: string }>('out/items.csv'),
  csv<{ text: string }>('out/items.csv', { append: true, columns: ['text'] }),
]

for (const file of files) {
  test(`X3 whatever crashes, the file holds every counted item once and nothing else (${file.kind}, append: ${file.append})`, async context => {
    const baseDirectory = await temporaryFolder(context)
    const path = `${baseDirectory}/${file.path}`
    const older = file.kind === 'csv' ? 'text\nolder' : '{"text":"older"}'
    const read = async () => {
      const items: unknown[] = []
      for await (const batch of readItems(nodeFiles, file, { baseDirectory })) items.push(...batch)
      return items
    }
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(event, { maxLength: 25 }), async (existed, events) => {
        await rm(`${baseDirectory}/out`, { recursive: true, force: true })
        if (existed) {
          await nodeFiles.makeDirectory(`${baseDirectory}/out`)
          await writeFile(path, older)
        }
        const counted: { text: string }[] = existed && file.append ? [{ text: 'older' }] : []
        let recorded: OutputPosition = await startOfOutput(nodeFiles, file, { baseDirectory })
        let token = 1
        let uncounted: { text: string }[] = []
        const stalled: OutputWriter[] = []
        let writer = await openOutput(nodeFiles, file, { baseDirectory, token, recorded, earlierOwnerDead: true })
        for (const step of events) {
          if (step.kind === 'add') {
            for (const item of step.texts.map(value => ({ text: value }))) {
              writer.add(item)
              uncounted.push(item)
            }
          } else if (step.kind === 'flush') {
            const position = await writer.flush()
            assert.deepEqual(await read(), [...counted, ...uncounted])
            if (!step.counted) continue
            recorded = position
            counted.push(...uncounted)
            uncounted = []
          } else {
            if (step.stalled) stalled.push(writer)
            else await writer.close()
            await appendFile(path, step.garbage)
            writer = await openOutput(nodeFiles, file, {
              baseDirectory,
              token: ++token,
              recorded,
              earlierOwnerDead: !step.stalled && stalled.length === 0,
            })
            uncounted = []
            for (const late of stalled) {
              late.add({ text: 'late' })
              await assert.rejects(late.flush())
              await late.close()
            }
            stalled.length = 0
          }
        }
        await writer.finish()
        assert.deepEqual(await read(), [...counted, ...uncounted])
      }),
      { numRuns: 60 },
    )
  })
}
