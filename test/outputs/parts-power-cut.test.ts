import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { OutputPosition } from '../../src/model/output-position.ts'
import { folder } from '../../src/outputs/folder-target.ts'
import type { ItemTarget } from '../../src/outputs/item-target.ts'
import { parquet } from '../../src/outputs/parquet-file.ts'
import { crashModels, crashPoints, crashState } from '../../src/testing/crash-states.ts'
import { ignoring } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { complete, outputContext, outputItem, save } from './output-world.ts'

const baseDirectory = '/project'
interface Item {
  readonly id: number
}
const items: readonly Item[] = Array.from({ length: 8 }, (_, id) => ({ id }))

/** What the log of the run knows: from this operation of the disk on, `count` items are counted. */
interface Recorded {
  readonly fromOperation: number
  readonly position: OutputPosition
  readonly count: number
}

type Through = (files: FileSystem) => FileSystem

/** One owner: writes the items from where the log is, in groups of two, to the end or as far as it gets. */
async function write(
  disk: SimulatedDisk,
  target: ItemTarget<Item>,
  log: Recorded[],
  token: number,
  until: number,
  through: Through,
) {
  const last = log.at(-1)
  assert.ok(last)
  const files = through(disk.process(`owner ${token}`))
  const { output } = await target.open(outputContext(baseDirectory, { files, token }), last.position)
  let { count } = last
  const record = (position: OutputPosition) => void log.push({ fromOperation: disk.lastOperation, position, count })
  while (count < until) {
    for (const item of items.slice(count, count + 2)) output.add(item, outputItem(item.id))
    count += 2
    await save(output, record)
  }
  if (until === items.length) await complete(output, record)
  await output.close()
}

/** Ids of what a reader of the folder finds, sorted by file. */
async function seen(files: FileSystem, target: ItemTarget<Item>, position: OutputPosition): Promise<unknown[]> {
  const rows: unknown[] = []
  assert.ok(target.results)
  for await (const row of target.results({ files, baseDirectory }, position)) rows.push(row)
  return rows
}

async function surviveEveryCrash(target: ItemTarget<Item>, through: Through): Promise<number> {
  const disk = new SimulatedDisk()
  const setup = disk.process('setup')
  await setup.makeDirectory(baseDirectory)
  await setup.syncDirectory('/')
  const prepared = disk.lastOperation
  const log: Recorded[] = [
    { fromOperation: prepared, position: await target.begin(outputContext(baseDirectory, { files: setup })), count: 0 },
  ]
  await write(disk, target, log, 1, 4, through)
  await write(disk, target, log, 2, items.length, through)
  const random = seededRandom(11)
  let crashes = 0
  for (const point of crashPoints(disk)) {
    if (point < prepared) continue
    for (const model of crashModels) {
      crashes++
      const after = crashState(disk, point, model, random, { tearNextWrite: random.bool(0.5) })
      const recorded = log.findLast(record => record.fromOperation <= point)
      assert.ok(recorded)
      const later = [recorded]
      await write(after, target, later, 3, items.length, through)
      const end = later.at(-1)?.position
      assert.ok(end)
      for (const state of [after, crashState(after, after.lastOperation, 'only-synced', random)]) {
        const files = state.process('reader')
        assert.deepEqual(await seen(files, target, end), items, `crash after ${point}, ${model}`)
        const visible = (await files.list('/project/out')).filter(name => !name.startsWith('.'))
        assert.equal(
          visible.length,
          end.kind === 'parts' ? end.parts : items.length,
          `crash after ${point}, ${model}: ${visible.join()}`,
        )
      }
    }
  }
  return crashes
}

const targets: readonly (readonly [name: string, target: ItemTarget<Item>])[] = [
  ['parquet', parquet<Item>('out', { rowsPerPart: 3, compression: 'none' })],
  ['folder', folder<Item>('out', { name: ({ id }) => `${id}.json` })],
]

for (const [name, target] of targets) {
  test(`X3 a power cut at any moment loses no counted result and doubles none (${name})`, async () => {
    assert.ok((await surviveEveryCrash(target, files => files)) > 100)
  })

  test(`X3 a power cut shows that syncs of files and of folders are both needed (${name})`, async () => {
    for (const kind of ['sync', 'syncDirectory'] as const) {
      const without: Through = files => ignoring(files, operation => operation.kind === kind)
      await assert.rejects(surviveEveryCrash(target, without), Error, kind)
    }
  })
}
