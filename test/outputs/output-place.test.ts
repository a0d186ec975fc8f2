import assert from 'node:assert/strict'
import { lstatSync, statSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { fileTarget } from '../../src/outputs/file-target.ts'
import { folder } from '../../src/outputs/folder-target.ts'
import { csv, jsonl } from '../../src/outputs/item-file.ts'
import type { ItemTarget } from '../../src/outputs/item-target.ts'
import { openOutput } from '../../src/outputs/open-output.ts'
import { parquet } from '../../src/outputs/parquet-file.ts'
import { complete, outputContext, outputItem } from './output-world.ts'
import { temporaryFolder } from './temporary-folder.ts'

const posix = { skip: process.platform === 'win32' }

async function write(target: ItemTarget<{ id: number }>, baseDirectory: string, token = 1): Promise<void> {
  const context = outputContext(baseDirectory, { token })
  const { output } = await target.open(context, await target.begin(context))
  output.add({ id: token }, outputItem(0))
  await complete(output)
}

const targets: readonly (readonly [name: string, target: ItemTarget<{ id: number }>, file: string])[] = [
  ['jsonl', fileTarget(jsonl('out/day/a')), 'a'],
  ['csv', fileTarget(csv<{ id: number }>('out/day/a')), 'a'],
  ['parquet', parquet<{ id: number }>('out/day'), 'part-00001.parquet'],
  ['folder', folder<{ id: number }>('out/day', { name: () => 'a' }), 'a'],
]

for (const [name, target, file] of targets) {
  test(`what ${name} makes is as readable as the umask lets it be`, posix, async context => {
    const baseDirectory = await temporaryFolder(context)
    const before = process.umask(0o022)
    try {
      await write(target, baseDirectory)
    } finally {
      process.umask(before)
    }
    assert.equal(statSync(`${baseDirectory}/out`).mode & 0o777, 0o755)
    assert.equal(statSync(`${baseDirectory}/out/day`).mode & 0o777, 0o755)
    assert.equal(statSync(`${baseDirectory}/out/day/${file}`).mode & 0o777, 0o644)
  })
}

async function linked(context: TestContext) {
  const baseDirectory = await temporaryFolder(context)
  await mkdir(`${baseDirectory}/disk`)
  return baseDirectory
}

for (const earlierOwnerDead of [true, false]) {
  test(
    `a link is written through: it stays one, and the file is where it points (earlier owner dead: ${earlierOwnerDead})`,
    posix,
    async context => {
      const baseDirectory = await linked(context)
      await symlink('disk/real.jsonl', `${baseDirectory}/out.jsonl`)
      const options = { baseDirectory, token: 1, earlierOwnerDead }
      const first = await openOutput(nodeFiles, jsonl('out.jsonl'), options)
      first.add(1)
      const recorded = await first.flush()
      first.add('uncounted')
      await first.flush()
      await first.close()
      const second = await openOutput(nodeFiles, jsonl('out.jsonl'), { ...options, token: 2, recorded })
      second.add(2)
      await second.finish()
      assert.ok(lstatSync(`${baseDirectory}/out.jsonl`).isSymbolicLink())
      assert.equal(await readFile(`${baseDirectory}/disk/real.jsonl`, 'utf8'), '1\n2\n')
      assert.deepEqual(await readdir(`${baseDirectory}/disk`), ['real.jsonl'])
    },
  )
}

test('a link to a folder is written through by parts and files too', posix, async context => {
  const baseDirectory = await linked(context)
  await symlink('disk', `${baseDirectory}/out`)
  await write(parquet<{ id: number }>('out'), baseDirectory)
  await write(folder<{ id: number }>('out', { name: () => 'a.json' }), baseDirectory, 2)
  assert.ok(lstatSync(`${baseDirectory}/out`).isSymbolicLink())
  assert.deepEqual(
    (await readdir(`${baseDirectory}/disk`)).filter(name => !name.startsWith('.')),
    ['a.json', 'part-00001.parquet'],
  )
})

test(
  'a link that goes round in a circle, or a file where a folder should be, is an error in a sentence',
  posix,
  async context => {
    const baseDirectory = await temporaryFolder(context)
    await symlink('loop', `${baseDirectory}/loop`)
    await writeFile(`${baseDirectory}/file`, '')
    for (const target of [
      fileTarget(jsonl('loop')),
      parquet<{ id: number }>('loop'),
      parquet<{ id: number }>('file'),
      folder('file', { name: () => 'a' }),
    ]) {
      await assert.rejects(
        write(target, baseDirectory),
        error => isWaymarkError(error) && error.code !== 'internal',
        target.shown,
      )
    }
  },
)
