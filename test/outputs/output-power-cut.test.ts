import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { FilePosition } from '../../src/model/output-position.ts'
import { type ItemFile, jsonl } from '../../src/outputs/item-file.ts'
import { openOutput } from '../../src/outputs/open-output.ts'
import { startOfOutput } from '../../src/outputs/start-of-output.ts'
import { crashModels, crashPoints, crashState } from '../../src/testing/crash-states.ts'
import { ignoring } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'

const baseDirectory = '/project'
const path = '/project/out/day/items.jsonl'
const items = Array.from({ length: 12 }, (_, id) => ({ id, text: 'x'.repeat(id * 90) }))
const linesOf = (ids: readonly { id: number }[]) => ids.map(item => `${JSON.stringify(item)}\n`).join('')

/** What the log of the run knows: from this operation of the disk on, `count` items are counted. */
interface Recorded {
  readonly fromOperation: number
  readonly position: FilePosition
  readonly count: number
}

async function text(files: FileSystem): Promise<string> {
  const file = await files.open(path, 'read')
  const bytes = await file.read(0, 1 << 20)
  await file.close()
  return Buffer.from(bytes).toString('utf8')
}

/** A disk with the project on it and, if there was one, the output of an older run. */
async function diskWith(older: string | undefined): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  const files = disk.process('setup')
  await files.makeDirectory(older === undefined ? baseDirectory : '/project/out/day')
  if (older !== undefined) {
    const file = await files.open(path, 'create')
    await file.write(Buffer.from(older), 0)
    await file.sync()
    await file.close()
    for (const folder of ['/project/out/day', '/project/out', '/project']) await files.syncDirectory(folder)
  }
  await files.syncDirectory('/')
  return disk
}

/** Writes the items from `done` on, in groups of three, and notes what gets recorded. */
async function write(
  disk: SimulatedDisk,
  files: FileSystem,
  file: ItemFile<unknown, never>,
  log: Recorded[],
  { token, until, earlierOwnerDead = false }: { token: number; until: number; earlierOwnerDead?: boolean },
) {
  const last = log.at(-1)
  assert.ok(last)
  const writer = await openOutput(files, file, { baseDirectory, token, recorded: last.position, earlierOwnerDead })
  for (let count = last.count; count < until; ) {
    for (const item of items.slice(count, count + 3)) writer.add(item)
    count += 3
    const position = await writer.flush()
    log.push({ fromOperation: disk.lastOperation, position, count })
  }
  return writer
}

/** Two owners one after the other; then every crash, every model of it, and a resume. Returns the number of crashes; throws at a wrong one. */
async function surviveEveryCrash(
  older: string | undefined,
  append: boolean,
  through: (files: FileSystem) => FileSystem,
): Promise<number> {
  const file = jsonl('out/day/items.jsonl', { append })
  const disk = await diskWith(older)
  const prepared = disk.lastOperation
  const log: Recorded[] = [
    { fromOperation: prepared, position: await startOfOutput(disk.process('first'), file, { baseDirectory }), count: 0 },
  ]
  await write(disk, through(disk.process('first')), file, log, { token: 1, until: 6 })
  const successor = await write(disk, through(disk.process('second')), file, log, { token: 2, until: 9 })
  await successor.close()
  const random = seededRandom(7)
  let crashes = 0
  for (const point of crashPoints(disk)) {
    if (point < prepared) continue
    for (const model of crashModels) {
      for (const earlierOwnerDead of [false, true]) {
        crashes++
        const after = crashState(disk, point, model, random, { tearNextWrite: random.bool(0.5) })
        const recorded = log.findLast(record => record.fromOperation <= point)
        assert.ok(recorded)
        const resumed = await write(after, through(after.process('third')), file, [recorded], {
          token: 3,
          until: items.length,
          earlierOwnerDead,
        })
        await resumed.finish()
        const expected = `${append ? (older ?? '') : ''}${linesOf(items)}`
        assert.equal(await text(after.process('reader')), expected, `crash after ${point}, ${model}`)
        const durable = crashState(after, after.lastOperation, 'only-synced', random)
        assert.equal(await text(durable.process('reader')), expected, `power cut after the end; crash after ${point}, ${model}`)
      }
    }
  }
  return crashes
}

const asIs = (files: FileSystem) => files

for (const [older, append] of [
  [undefined, false],
  ['"older"\n'.repeat(300), false],
  ['"older"\n'.repeat(300), true],
  [undefined, true],
] as const) {
  const name = `${older === undefined ? 'no older file' : 'over an older file'}${append ? ', appending' : ''}`
  test(`X3 a power cut at any moment loses no counted line and doubles none (${name})`, async () => {
    assert.ok((await surviveEveryCrash(older, append, asIs)) > 100)
  })
}

test('X3 a power cut shows that the sync of the lines and the sync of the folders are both needed', async () => {
  for (const kind of ['sync', 'syncDirectory'] as const) {
    const without = (files: FileSystem) => ignoring(files, operation => operation.kind === kind)
    await assert.rejects(
      surviveEveryCrash(undefined, false, without),
      /is gone|has \d+ bytes|was changed|ENOENT|crash after/,
      kind,
    )
  }
})
