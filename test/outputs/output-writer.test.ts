import assert from 'node:assert/strict'
import { appendFile, mkdir, open, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { type ItemFile, jsonl } from '../../src/outputs/item-file.ts'
import { openOutput } from '../../src/outputs/open-output.ts'
import type { OutputWriter } from '../../src/outputs/output-writer.ts'
import { countingFiles, faultyFiles } from '../../src/testing/faulty-files.ts'
import { interceptedFiles } from '../../src/testing/intercepted-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** An output of a first attempt, in a folder of its own. */
async function opened(context: TestContext, files: FileSystem = nodeFiles, file: ItemFile<unknown, never> = jsonl('out.jsonl')) {
  const baseDirectory = await temporaryFolder(context)
  const writer = await openOutput(files, file, { baseDirectory, token: 1, earlierOwnerDead: true, stage: 'enrich' })
  context.after(() => writer.close())
  return { writer, baseDirectory, path: `${baseDirectory}/${file.path}` }
}

const numbers = (text: string) => text.split('\n').filter(Boolean).map(Number)

test('a flush makes exactly what was added before it durable and visible, and says how far it reaches', async context => {
  const { writer, path } = await opened(context)
  assert.equal(await readFile(path, 'utf8'), '')
  writer.add({ id: 1, text: 'é€😀\nline' })
  writer.add('b')
  const expected = '{"id":1,"text":"é€😀\\nline"}\n"b"\n'
  assert.equal(writer.pendingBytes, Buffer.byteLength(expected))
  assert.equal(await readFile(path, 'utf8'), '')
  const position = await writer.flush()
  assert.equal(writer.pendingBytes, 0)
  assert.equal(await readFile(path, 'utf8'), expected)
  assert.equal(position.path, 'out.jsonl')
  assert.equal(position.length, Buffer.byteLength(expected))
  assert.deepEqual(writer.position, position)
  assert.deepEqual(await writer.finish(), position)
})

test('a new run replaces the output of an older one, whose readers keep what they have open', async context => {
  const baseDirectory = await temporaryFolder(context)
  await writeFile(`${baseDirectory}/out.jsonl`, '"old"\n')
  const reader = await open(`${baseDirectory}/out.jsonl`)
  context.after(() => reader.close())
  const writer = await openOutput(nodeFiles, jsonl('out.jsonl'), { baseDirectory, token: 1, earlierOwnerDead: true })
  writer.add('new')
  await writer.finish()
  assert.equal(await readFile(`${baseDirectory}/out.jsonl`, 'utf8'), '"new"\n')
  assert.equal(await reader.readFile('utf8'), '"old"\n')
  assert.deepEqual(await readdir(baseDirectory), ['out.jsonl'])
})

test('a reader sees whole lines only after every flush', async context => {
  const { writer, path } = await opened(context)
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 500; i++) writer.add({ round, i, text: 'ü'.repeat(i % 50) })
    await writer.flush()
    const content = await readFile(path, 'utf8')
    assert.ok(content.endsWith('\n'))
    assert.equal(
      content
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)).length,
      (round + 1) * 500,
    )
  }
})

test('a position never covers items added after its flush was asked for, however long that waits', async context => {
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  let inSync = 0
  let overlaps = 0
  const files = interceptedFiles(nodeFiles, async ({ kind }, perform) => {
    if (kind !== 'write' && kind !== 'sync') return perform()
    if (inSync++ > 0) overlaps++
    await held
    const answer = await perform()
    inSync--
    return answer
  })
  const { writer, path } = await opened(context, files)
  writer.add(1)
  const first = writer.flush()
  writer.add(2)
  const second = writer.flush()
  writer.add(3)
  const third = writer.flush()
  writer.add(4)
  release()
  assert.deepEqual(
    (await Promise.all([first, second, third])).map(position => position.length),
    [2, 4, 6],
  )
  assert.equal(overlaps, 0)
  assert.equal(writer.pendingBytes, 2)
  assert.deepEqual(numbers(await readFile(path, 'utf8')), [1, 2, 3])
  assert.equal((await writer.finish()).length, 8)
})

test('an item the format cannot hold is refused when it is added, and leaves nothing behind', async context => {
  const { writer, path } = await opened(context)
  writer.add({ ok: 1 })
  const before = writer.pendingBytes
  for (const bad of [undefined, { a: 1n }, { a: [Number.NaN] }, new Map()]) {
    assert.throws(
      () => writer.add(bad),
      error => isWaymarkError(error, 'invalid'),
    )
    assert.equal(writer.pendingBytes, before)
  }
  writer.add({ ok: 2 })
  await writer.finish()
  assert.equal(await readFile(path, 'utf8'), '{"ok":1}\n{"ok":2}\n')
})

test('a flush with nothing to write costs no sync', async context => {
  const files = countingFiles(nodeFiles)
  const { writer } = await opened(context, files)
  writer.add(1)
  const position = await writer.flush()
  const { sync, write } = files.counts
  assert.deepEqual(await writer.flush(), position)
  assert.deepEqual([files.counts.sync, files.counts.write], [sync, write])
})

test('a long run through one writer keeps every line', async context => {
  const { writer, path } = await opened(context)
  const flushes: Promise<unknown>[] = []
  for (let i = 0; i < 20_000; i++) {
    writer.add(i)
    if (i % 997 === 0) flushes.push(writer.flush())
  }
  await Promise.all(flushes)
  await writer.finish()
  assert.deepEqual(
    numbers(await readFile(path, 'utf8')),
    Array.from({ length: 20_000 }, (_, i) => i),
  )
})

test('an output without items exists and is empty', async context => {
  const { writer, path } = await opened(context)
  assert.equal((await writer.finish()).length, 0)
  assert.equal(await readFile(path, 'utf8'), '')
})

test('folders of the output are made, inside the project and outside', async context => {
  const { writer, path } = await opened(context, nodeFiles, jsonl('a/b/c/out.jsonl'))
  writer.add(1)
  await writer.finish()
  assert.equal(await readFile(path, 'utf8'), '1\n')
  const elsewhere = await temporaryFolder(context)
  const outside = await opened(context, nodeFiles, jsonl(`${elsewhere}/x/y/out.jsonl`))
  await outside.writer.finish()
  assert.equal(await readFile(`${elsewhere}/x/y/out.jsonl`, 'utf8'), '')
})

for (const [kind, code, expected] of [
  ['write', 'ENOSPC', 'disk_full'],
  ['write', 'EDQUOT', 'disk_full'],
  ['sync', 'ENOSPC', 'disk_full'],
  ['sync', 'EIO', 'unavailable'],
] as const) {
  test(`${code} in a ${kind} is ${expected}; the writer stays failed and syncs no more`, async context => {
    const counting = countingFiles(nodeFiles)
    const files = faultyFiles(counting, [
      {
        when: operation => operation.kind === kind && operation.nthOfKind === 2,
        code,
        effect: kind === 'write' ? 'part' : 'nothing',
      },
    ])
    const { writer } = await opened(context, files)
    writer.add({ id: 1 })
    const good = await writer.flush()
    writer.add({ id: 2 })
    const failing = [writer.flush(), writer.flush()]
    for (const flush of failing) {
      await assert.rejects(flush, error => {
        assert.ok(isWaymarkError(error, expected), String(error))
        assert.match(error.message, /write out\.jsonl/)
        return true
      })
    }
    const { sync, write } = counting.counts
    assert.throws(
      () => writer.add({ id: 3 }),
      error => isWaymarkError(error, expected),
    )
    await assert.rejects(writer.flush(), error => isWaymarkError(error, expected))
    await assert.rejects(writer.finish(), error => isWaymarkError(error, expected))
    await writer.close()
    assert.deepEqual(writer.position, good)
    assert.deepEqual([counting.counts.sync, counting.counts.write], [sync, write])
  })
}

const takenAway: Readonly<Record<string, (path: string) => Promise<void>>> = {
  'replaced by another file': async path => {
    await writeFile(`${path}.other`, '1\n')
    await rename(`${path}.other`, path)
  },
  'removed or moved away': path => rm(path),
  'somebody else writes to it': path => appendFile(path, '"theirs"\n'),
}
for (const [what, act] of Object.entries(takenAway)) {
  test(`a visible file that is no longer ours is a conflict at the next flush and at the end: ${what}`, async context => {
    for (const end of ['flush', 'finish'] as const) {
      const { writer, path } = await opened(context)
      writer.add(1)
      await writer.flush()
      await act(path)
      if (end === 'flush') writer.add(2)
      await assert.rejects(writer[end](), error => {
        assert.ok(isWaymarkError(error, 'conflict'), String(error))
        assert.match(error.message, new RegExp(`^out\\.jsonl .*${what}`))
        assert.match(error.remedy, /--redo enrich$/)
        return true
      })
      assert.throws(
        () => writer.add(3),
        error => isWaymarkError(error, 'conflict'),
      )
    }
  })
}

test('closing twice is closing once, drops what was not flushed, and ends the writer', async context => {
  const { writer, path } = await opened(context)
  writer.add(1)
  const flushed = writer.flush()
  writer.add(2)
  await Promise.all([writer.close(), writer.close(), flushed])
  assert.equal(await readFile(path, 'utf8'), '1\n')
  assert.throws(() => writer.add(3), /closed/)
  await assert.rejects(writer.flush(), /closed/)
  await assert.rejects(writer.finish(), /closed/)
})

test('a folder, a pipe or a device is not replaced by an output', async context => {
  const baseDirectory = await temporaryFolder(context)
  await mkdir(`${baseDirectory}/folder`)
  // Through a link, so that a mistake costs the link and not the machine's device.
  await symlink('/dev/null', `${baseDirectory}/device`)
  for (const path of ['folder', 'device']) {
    for (const append of [false, true]) {
      const opening = openOutput(nodeFiles, jsonl(path, { append }), { baseDirectory, token: 1, earlierOwnerDead: true })
      await assert.rejects(opening, error => isWaymarkError(error, 'invalid'))
    }
  }
  await writeFile(`${baseDirectory}/file`, '')
  const below = openOutput(nodeFiles, jsonl('file/out.jsonl'), { baseDirectory, token: 1, earlierOwnerDead: true })
  await assert.rejects(below, error => isWaymarkError(error, 'invalid'))
})

async function appended(baseDirectory: string, items: readonly unknown[]): Promise<OutputWriter> {
  const writer = await openOutput(nodeFiles, jsonl('log.jsonl', { append: true }), {
    baseDirectory,
    token: 1,
    earlierOwnerDead: true,
  })
  for (const item of items) writer.add(item)
  return writer
}

test('append writes behind what is there, ends an unfinished last line first, and tells where this run begins', async context => {
  const baseDirectory = await temporaryFolder(context)
  const path = `${baseDirectory}/log.jsonl`
  const first = await (await appended(baseDirectory, ['a'])).finish()
  assert.deepEqual([first.startedAt, first.length], [0, 4])
  const second = await (await appended(baseDirectory, ['b'])).finish()
  assert.deepEqual([second.startedAt, second.length], [4, 8])
  await appendFile(path, '"by hand"')
  await (await appended(baseDirectory, [])).finish()
  assert.equal(await readFile(path, 'utf8'), '"a"\n"b"\n"by hand"')
  const third = await (await appended(baseDirectory, ['c', 'd'])).finish()
  assert.equal(third.startedAt, 17)
  assert.equal(await readFile(path, 'utf8'), '"a"\n"b"\n"by hand"\n"c"\n"d"\n')
})
