import assert from 'node:assert/strict'
import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import type { FilePosition } from '../../src/model/output-position.ts'
import { csv, type ItemFile, jsonl } from '../../src/outputs/item-file.ts'
import { openOutput } from '../../src/outputs/open-output.ts'
import { startOfOutput } from '../../src/outputs/start-of-output.ts'
import { interceptedFiles, type OperationKind } from '../../src/testing/intercepted-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

interface Attempt {
  readonly token: number
  readonly recorded?: FilePosition
  readonly earlierOwnerDead?: boolean
  readonly files?: FileSystem
  readonly file?: ItemFile<unknown, never>
  readonly mustOwn?: () => Promise<void>
}

/** An output `out.jsonl` in a folder of its own, opened by one attempt after another. */
async function output(context: TestContext) {
  const baseDirectory = await temporaryFolder(context)
  const path = `${baseDirectory}/out.jsonl`
  return {
    baseDirectory,
    path,
    read: () => readFile(path, 'utf8'),
    async attempt({ files = nodeFiles, file = jsonl('out.jsonl'), earlierOwnerDead = true, ...facts }: Attempt) {
      const writer = await openOutput(files, file, { baseDirectory, earlierOwnerDead, stage: 'enrich', ...facts })
      context.after(() => writer.close())
      return writer
    },
  }
}

/** Everything about a folder that a careless resume could change. */
async function snapshot(folder: string): Promise<unknown> {
  const names = await readdir(folder)
  return Promise.all(
    names.map(async name => {
      const { ino, size, mtimeMs } = await stat(`${folder}/${name}`)
      return { name, ino, size, mtimeMs, content: await readFile(`${folder}/${name}`, 'hex') }
    }),
  )
}

for (const earlierOwnerDead of [true, false]) {
  test(`X3 resume removes torn and uncounted lines [pitfall 16] (${earlierOwnerDead ? 'owner dead: cut' : 'owner may be alive: copied'})`, async context => {
    const { attempt, read, baseDirectory } = await output(context)
    const first = await attempt({ token: 1 })
    first.add({ id: 1 })
    const recorded = await first.flush()
    first.add({ id: 2 })
    await first.flush()
    await first.close()
    await appendFile(`${baseDirectory}/out.jsonl`, '{"id":3,"te')
    const second = await attempt({ token: 2, recorded, earlierOwnerDead })
    assert.equal(await read(), '{"id":1}\n')
    second.add({ id: 2 })
    await second.finish()
    assert.equal(await read(), '{"id":1}\n{"id":2}\n')
    assert.deepEqual(await readdir(baseDirectory), ['out.jsonl'])
  })

  test(`X3 an output that is not as recorded is a conflict, and nothing changes (earlier owner dead: ${earlierOwnerDead})`, async context => {
    const { attempt, baseDirectory, path } = await output(context)
    const first = await attempt({ token: 1 })
    for (let id = 0; id < 1_000; id++) first.add({ id })
    const recorded = await first.finish()
    const content = await readFile(path)
    const damages: readonly (readonly [damage: () => Promise<void>, text: RegExp])[] = [
      [() => truncate(path, recorded.length - 1), new RegExp(`has ${recorded.length - 1} bytes, but ${recorded.length} were`)],
      [() => writeFile(path, ''), /has 0 bytes/],
      [() => writeFile(path, Buffer.concat([content.subarray(0, -2), Buffer.from('X\n')])), /was changed/],
      [() => writeFile(path, Buffer.concat([Buffer.from('\n'), content])), /was changed/],
      [() => rm(path), /is gone/],
    ]
    for (const [damage, text] of damages) {
      await damage()
      const before = await snapshot(baseDirectory)
      await assert.rejects(attempt({ token: 2, recorded, earlierOwnerDead }), error => {
        assert.ok(isWaymarkError(error, 'conflict'), String(error))
        assert.match(error.message, text)
        assert.match(error.remedy, /--redo enrich$/)
        assert.equal(error.details['expectedLength'], recorded.length)
        return true
      })
      assert.deepEqual(await snapshot(baseDirectory), before)
      await writeFile(path, content)
    }
    await (await attempt({ token: 2, recorded, earlierOwnerDead })).finish()
    assert.deepEqual(await readFile(path), content)
  })
}

test('X3 a stalled owner that writes after the take-over reaches nothing visible, and learns of it', async context => {
  const { attempt, read } = await output(context)
  const stalled = await attempt({ token: 1 })
  stalled.add('counted')
  const recorded = await stalled.flush()
  const successor = await attempt({ token: 2, recorded, earlierOwnerDead: false })
  successor.add('successor')
  await successor.flush()
  stalled.add('late, and longer than what the successor wrote')
  await assert.rejects(stalled.flush(), error => isWaymarkError(error, 'conflict'))
  successor.add('goes on')
  await successor.finish()
  assert.equal(await read(), '"counted"\n"successor"\n"goes on"\n')
})

test('X3 a stage begun anew after a take-over is out of reach of a stalled owner too', async context => {
  const { attempt, read } = await output(context)
  const stalled = await attempt({ token: 1 })
  const successor = await attempt({ token: 2, recorded: stalled.position, earlierOwnerDead: false })
  stalled.add('late')
  await assert.rejects(stalled.flush(), error => isWaymarkError(error, 'conflict'))
  successor.add('ours')
  await successor.finish()
  assert.equal(await read(), '"ours"\n')
})

/** Files whose first operation of a kind waits before it is done. */
function stalling(kind: OperationKind) {
  let go = () => {}
  let arrived = () => {}
  const reached = new Promise<void>(resolve => {
    arrived = resolve
  })
  const released = new Promise<void>(resolve => {
    go = resolve
  })
  const files = interceptedFiles(nodeFiles, async (operation, perform) => {
    if (operation.kind === kind) {
      arrived()
      await released
    }
    return perform()
  })
  return { files, reached, go }
}

for (const kind of ['list', 'write', 'rename'] as const) {
  test(`X3 an owner stalled in the middle of taking over (before ${kind}) cannot undo its successor`, async context => {
    const { attempt, read, baseDirectory } = await output(context)
    const first = await attempt({ token: 1 })
    first.add(1)
    const recorded = await first.flush()
    const { files, reached, go } = stalling(kind)
    const second = attempt({ token: 2, recorded, earlierOwnerDead: false, files })
    const outcome = second.then(
      () => 'opened',
      error => (isWaymarkError(error) ? error.code : String(error)),
    )
    // Whichever comes first: an owner that never gets there must fail the test, not hang it.
    await Promise.race([reached, outcome])
    const third = await attempt({ token: 3, recorded, earlierOwnerDead: false })
    third.add(3)
    await third.flush()
    go()
    assert.notEqual(await outcome, 'opened')
    third.add(4)
    await third.finish()
    assert.equal(await read(), '1\n3\n4\n')
    assert.deepEqual(await readdir(baseDirectory), ['out.jsonl'])
  })
}

for (const kind of ['stat', 'list', 'open', 'rename'] as const) {
  for (const begun of [false, true]) {
    test(`X3 an owner stalled before the first ${kind} of ${begun ? 'going on' : 'beginning'} changes nothing of what its successor finished [pitfall 1]`, async context => {
      const { attempt, read, baseDirectory } = await output(context)
      let recorded: FilePosition | undefined
      if (begun) {
        const first = await attempt({ token: 1 })
        first.add(1)
        recorded = await first.flush()
        await first.close()
      }
      const { files, reached, go } = stalling(kind)
      let newest = 2
      const mustOwn = async () => {
        if (newest > 2) throw new Error('fenced')
      }
      const facts = recorded === undefined ? {} : { recorded }
      const stalled = attempt({ token: 2, files, mustOwn, ...facts }).then(
        writer => writer,
        () => undefined,
      )
      await Promise.race([reached, stalled])
      newest = 3
      const successor = await attempt({ token: 3, earlierOwnerDead: false, ...facts })
      successor.add(2)
      successor.add(3)
      await successor.finish()
      go()
      const writer = await stalled
      if (writer !== undefined) {
        writer.add('late')
        await assert.rejects(writer.flush(), error => isWaymarkError(error, 'conflict'))
      }
      assert.equal(await read(), begun ? '1\n2\n3\n' : '2\n3\n')
      assert.deepEqual(await readdir(baseDirectory), ['out.jsonl'])
    })
  }
}

test('X3 the start can be recorded before anything is touched, and a crash in between changes nothing', async context => {
  const { attempt, baseDirectory, path, read } = await output(context)
  await writeFile(path, '"older run"\n')
  for (const append of [false, true]) {
    const file = jsonl('out.jsonl', { append })
    const before = await snapshot(baseDirectory)
    const recorded = await startOfOutput(nodeFiles, file, { baseDirectory })
    assert.deepEqual(await snapshot(baseDirectory), before)
    const first = await attempt({ token: 1, file, recorded })
    first.add('uncounted')
    await first.flush()
    await first.close()
    const second = await attempt({ token: 2, file, recorded, earlierOwnerDead: append })
    second.add('once')
    await second.finish()
    assert.equal(await read(), `${append ? '"older run"\n' : ''}"once"\n`)
    await writeFile(path, '"older run"\n')
  }
})

test('X3 a file that is appended to may end without a newline through a crash and a resume', async context => {
  const { attempt, path, read } = await output(context)
  await writeFile(path, '"by hand"')
  const file = jsonl('out.jsonl', { append: true })
  const first = await attempt({ token: 1, file })
  const { position } = first
  first.add('lost')
  await first.flush()
  await first.close()
  const second = await attempt({ token: 2, file, recorded: position })
  second.add('kept')
  const recorded = await second.flush()
  assert.deepEqual([recorded.startedAt, recorded.length], [9, 17])
  await second.close()
  const third = await attempt({ token: 3, file, recorded, earlierOwnerDead: false })
  third.add('more')
  await third.finish()
  assert.equal(await read(), '"by hand"\n"kept"\n"more"\n')
})

test('X3 an output whose path, format or columns changed in the code is a conflict once something counts', async context => {
  const { attempt, baseDirectory } = await output(context)
  const first = await attempt({ token: 1 })
  first.add({ a: 1 })
  const recorded = await first.finish()
  const table = await attempt({ token: 1, file: csv('out.csv') })
  table.add({ a: 1, b: 2 })
  const recordedTable = await table.finish()
  const before = await snapshot(baseDirectory)
  const changes: readonly (readonly [file: ItemFile<unknown, never>, recorded: FilePosition, text: RegExp])[] = [
    [jsonl('other.jsonl'), recorded, /now other\.jsonl, but what counts so far was written to out\.jsonl/],
    [csv('out.jsonl'), recorded, /begun as JSONL and is now csv/],
    [jsonl('out.csv'), recordedTable, /begun as CSV and is now jsonl/],
    [csv('out.csv', { columns: ['b', 'a'] }), recordedTable, /columns a, b, now they are b, a/],
  ]
  for (const [file, position, text] of changes) {
    await assert.rejects(attempt({ token: 2, file, recorded: position }), error => {
      assert.ok(isWaymarkError(error, 'conflict'), String(error))
      assert.match(error.message, text)
      return true
    })
  }
  assert.deepEqual(await snapshot(baseDirectory), before)
})

test('a path corrected before anything was counted begins anew there', async context => {
  const { attempt, baseDirectory } = await output(context)
  const first = await attempt({ token: 1 })
  await first.close()
  const second = await attempt({ token: 2, recorded: first.position, file: jsonl('better/out.jsonl') })
  second.add(1)
  assert.equal((await second.finish()).path, 'better/out.jsonl')
  assert.equal(await readFile(`${baseDirectory}/better/out.jsonl`, 'utf8'), '1\n')
})

test('parts that a crash left are removed, and nothing that only looks like one', async context => {
  const { attempt, baseDirectory } = await output(context)
  const others = ['other.jsonl.1.part', 'out.jsonl.3.part', 'out.jsonl.part', 'out.jsonl.x.part', 'out.jsonl.1.part.bak']
  for (const name of ['out.jsonl.1.part', 'out.jsonl.2.part', ...others]) await writeFile(`${baseDirectory}/${name}`, 'x')
  await (await attempt({ token: 2 })).finish()
  assert.deepEqual(await readdir(baseDirectory), ['out.jsonl', ...others].sort())
})

test('X3 a failed flush leaves a file from which the run goes on exactly', async context => {
  const { attempt, read } = await output(context)
  let full = false
  const files = interceptedFiles(nodeFiles, async ({ kind, file, bytes, position }, perform) => {
    if (!full || kind !== 'write' || file === undefined || bytes === undefined) return perform()
    await file.write(bytes.subarray(0, 3), position ?? 0)
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
  const first = await attempt({ token: 1, files })
  first.add('one')
  const recorded = await first.flush()
  full = true
  first.add('two')
  await assert.rejects(first.flush(), error => isWaymarkError(error, 'disk_full'))
  await first.close()
  assert.equal(await read(), '"one"\n"tw')
  const second = await attempt({ token: 1, recorded, earlierOwnerDead: false })
  second.add('two')
  await second.finish()
  assert.equal(await read(), '"one"\n"two"\n')
})
