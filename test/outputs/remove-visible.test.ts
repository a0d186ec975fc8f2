import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { folder } from '../../src/outputs/folder-target.ts'
import type { ItemTarget, OutputContext } from '../../src/outputs/item-target.ts'
import { parquet } from '../../src/outputs/parquet-file.ts'
import { interceptedFiles } from '../../src/testing/intercepted-files.ts'
import { complete, outputContext, outputItem } from './output-world.ts'
import { temporaryFolder } from './temporary-folder.ts'

const openNew = async <Value>(target: ItemTarget<Value>, context: OutputContext) =>
  target.open(context, await target.begin(context))

/** Does something right before the first rename or removal of a visible file. */
function before(isOf: (path: string) => boolean, act: () => void): FileSystem {
  let done = false
  return interceptedFiles(nodeFiles, (operation, perform) => {
    if (!done && (operation.kind === 'rename' || operation.kind === 'remove') && isOf(operation.path)) {
      done = true
      act()
    }
    return perform()
  })
}

const hidden = (path: string) => readdirSync(path).filter(name => name.startsWith('.waymark') && name.includes('gone'))

test('X3 a part beyond those that count that another file takes the place of in the last moment is left alone', async context => {
  const base = await temporaryFolder(context)
  const target = parquet('out')
  mkdirSync(join(base, 'out'))
  const late = join(base, 'out/part-00001.parquet')
  for (const isReplaced of [true, false]) {
    writeFileSync(late, 'of a killed attempt')
    const files = before(
      path => path.endsWith('part-00001.parquet'),
      () => {
        if (!isReplaced) return
        writeFileSync(join(base, 'new'), 'of somebody else!!!')
        renameSync(join(base, 'new'), late)
      },
    )
    const { output } = await openNew(target, outputContext(base, { files, token: 2 }))
    await output.close()
    assert.equal(existsSync(late) && readFileSync(late, 'utf8'), isReplaced ? 'of somebody else!!!' : false)
    assert.deepEqual(hidden(join(base, 'out')), [])
  }
})

test('X3 a file of an earlier run that its user replaces in the last moment by one of the same length is left alone', async context => {
  const base = await temporaryFolder(context)
  const target = folder<{ id: number }>('out', { name: ({ id }) => `${id}.json` })
  const first = await openNew(target, outputContext(base, { run: 'first' }))
  for (const id of [1, 2, 3]) first.output.add({ id }, outputItem(id))
  await complete(first.output)
  const mine = join(base, 'out/2.json')
  const replaced = readFileSync(mine, 'utf8').replace('2', '9')
  const files = before(
    path => path.endsWith('/2.json'),
    () => {
      writeFileSync(join(base, 'new'), replaced)
      renameSync(join(base, 'new'), mine)
    },
  )
  const second = await openNew(target, outputContext(base, { files, run: 'second' }))
  await second.output.close()
  assert.deepEqual(
    readdirSync(join(base, 'out')).filter(name => !name.startsWith('.')),
    ['2.json'],
  )
  assert.equal(readFileSync(mine, 'utf8'), replaced)
  assert.deepEqual(hidden(join(base, 'out')), [])
})

test('X4 an owner that was stalled while it removed a part takes nothing from the one that has published there since', async context => {
  const base = await temporaryFolder(context)
  const target = parquet('out', { rowsPerPart: 1 })
  mkdirSync(join(base, 'out'))
  const part = join(base, 'out/part-00001.parquet')
  writeFileSync(part, 'of a killed attempt')
  const stalled = Promise.withResolvers<void>()
  const wake = Promise.withResolvers<void>()
  let held = false
  const files = interceptedFiles(nodeFiles, async (operation, perform) => {
    if (!held && (operation.kind === 'rename' || operation.kind === 'remove') && operation.path === part) {
      held = true
      stalled.resolve()
      await wake.promise
    }
    return perform()
  })
  const old = openNew(target, outputContext(base, { files, token: 1 }))
  await stalled.promise
  const next = await openNew(target, outputContext(base, { token: 2 }))
  next.output.add({ id: 1 }, outputItem(1))
  await complete(next.output)
  const published = readFileSync(part)
  wake.resolve()
  await (await old).output.close()
  assert.deepEqual(readFileSync(part), published)
})
