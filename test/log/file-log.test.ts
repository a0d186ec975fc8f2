import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import { crashState } from '../../src/testing/crash-states.ts'
import { interceptedFiles } from '../../src/testing/intercepted-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import {
  appendEach,
  bytes,
  claimName,
  code,
  diskWithStore,
  logOn,
  readAll,
  segmentFolder,
  text,
  texts,
  writeAll,
} from './log-on-disk.ts'

describe('a stream', () => {
  test('with a drawn id is written without a claim and taken over with a hint', async () => {
    const disk = await diskWithStore()
    const a = logOn(disk.process('a'))
    const owner = await a.create('run')
    assert.equal(owner.token, 1)
    const [position] = await a.append(owner, [bytes('x'), bytes('y')])
    assert.deepEqual(await disk.process('b').list('/store/claims'), [])
    const { ownership, history } = await logOn(disk.process('b')).takeOver('run', position?.segment)
    assert.equal(ownership.token, 2)
    assert.deepEqual(texts(history.records), ['x', 'y'])
    assert.deepEqual(
      history.records.map(({ token, sequence }) => [token, sequence]),
      [
        [1, 1],
        [1, 2],
      ],
    )
  })

  test('with a given id is new for the first that takes it, and not for the second', async () => {
    const disk = await diskWithStore()
    const a = logOn(disk.process('a'))
    const first = await a.takeOver('run')
    assert.deepEqual(first.history, { records: [], token: 0, tornBytes: 0 })
    await a.append(first.ownership, [bytes('x')])
    const second = await logOn(disk.process('b')).takeOver('run')
    assert.equal(second.ownership.token, 2)
    assert.deepEqual(texts(second.history.records), ['x'])
    assert.equal(second.history.token, 1)
  })

  test('with a given id is begun by one of any number of processes', async () => {
    const disk = await diskWithStore()
    const begun = await Promise.all(['a', 'b', 'c'].map(label => logOn(disk.process(label)).begin('run')))
    assert.equal(begun.filter(ownership => ownership?.token === 1).length, 1)
    assert.equal(begun.filter(ownership => ownership === undefined).length, 2)
    assert.equal(await logOn(disk.process('d')).begin('run'), undefined)
  })

  test('keeps its records through owners that wrote nothing, or never got to', async () => {
    const disk = await diskWithStore()
    const a = logOn(disk.process('a'))
    const { ownership } = await a.takeOver('run')
    await a.append(ownership, [bytes('x')])
    for (const label of ['b', 'c', 'd']) await logOn(disk.process(label)).takeOver('run')
    const claims = (await disk.process('e').list('/store/claims')).map(shard => `/store/claims/${shard}`)
    await writeAll(disk.process('e'), `${claims[0]}/${claimName('run')}.5`, Buffer.alloc(0))
    const last = await logOn(disk.process('f')).takeOver('run')
    assert.equal(last.ownership.token, 6)
    assert.deepEqual(texts(last.history.records), ['x'])
  })

  test('is read without owning it, also where it is unknown', async () => {
    const disk = await diskWithStore()
    const a = logOn(disk.process('a'))
    assert.deepEqual(await a.history('run'), { records: [], token: 0, tornBytes: 0 })
    const { ownership } = await a.takeOver('run')
    await a.append(ownership, [bytes('x')])
    const found = await logOn(disk.process('b')).history('run')
    assert.deepEqual(texts(found.records), ['x'])
    assert.equal(found.segment, (await a.segments())[0])
    assert.equal(await a.isFenced(ownership), false)
  })
})

describe('a superseded owner (X4)', () => {
  test('cannot commit, and what it writes counts for nothing', async () => {
    const disk = await diskWithStore()
    const announced: string[] = []
    const a = logOn(disk.process('a'), { onCommitted: batch => announced.push(...texts(batch.records)) })
    const b = logOn(disk.process('b'))
    const { ownership } = await a.takeOver('run')
    await a.append(ownership, [bytes('x')])
    assert.equal(await a.isFenced(ownership), false)
    const successor = await b.takeOver('run')
    for (const _ of [1, 2]) await assert.rejects(a.append(ownership, [bytes('late')]), code('fenced'))
    assert.equal(await a.isFenced(ownership), true)
    await b.append(successor.ownership, [bytes('y')])
    assert.deepEqual(texts((await a.history('run')).records), ['x', 'y'])
    assert.deepEqual(announced, ['x'])
  })

  test('does not hinder others that commit in the same batch', async () => {
    const disk = await diskWithStore()
    const partial: boolean[] = []
    const a = logOn(disk.process('a'), { onCommitted: batch => partial.push(batch.partial) })
    const { ownership } = await a.takeOver('run')
    const other = await a.create('other')
    await a.append(ownership, [bytes('x')])
    await logOn(disk.process('b')).takeOver('run')
    const late = a.append(ownership, [bytes('late')])
    const good = a.append(other, [bytes('good')])
    const free = a.appendFree([bytes('free')])
    await assert.rejects(late, code('fenced'))
    assert.equal((await good).length, 1)
    assert.equal(text((await a.read((await free)[0] ?? assert.fail())).payload), 'free')
    assert.deepEqual(partial, [false, true])
  })

  test('that is another owner of the same process loses as any other does', async () => {
    const log = logOn((await diskWithStore()).process('a'))
    const { ownership } = await log.takeOver('run')
    await log.append(ownership, [bytes('x')])
    const again = await log.takeOver('run')
    const late = log.append(ownership, [bytes('late')])
    const good = log.append(again.ownership, [bytes('y')])
    await assert.rejects(late, code('fenced'))
    await good
    assert.deepEqual(texts((await log.history('run')).records), ['x', 'y'])
  })
})

describe('a reader', () => {
  test('that is overtaken by a take-over does not take for counted what that made void', async () => {
    const disk = await diskWithStore()
    const a = logOn(disk.process('a'))
    const { ownership } = await a.takeOver('run')
    await a.append(ownership, [bytes('x')])
    let overtaken = false
    const files = interceptedFiles(disk.process('reader'), async (operation, perform) => {
      if (operation.path.endsWith('.seg') && operation.kind === 'open' && !overtaken) {
        overtaken = true
        await logOn(disk.process('b')).takeOver('run')
        await assert.rejects(a.append(ownership, [bytes('void')]), code('fenced'))
      }
      return perform()
    })
    assert.deepEqual(texts((await logOn(files).history('run')).records), ['x'])
    assert.ok(overtaken)
  })

  test('sees the torn end of a segment and counts nothing of it', async () => {
    const disk = await diskWithStore()
    const a = logOn(disk.process('a'))
    const { ownership } = await a.takeOver('run')
    await appendEach(a, ownership, ['x', 'y'])
    const [segment] = await a.segments()
    const path = `${segmentFolder}/${segment}.seg`
    const files = disk.process('b')
    const content = await readAll(files, path)
    await writeAll(files, path, content.subarray(0, content.length - 1))
    const { history } = await logOn(files).takeOver('run')
    assert.deepEqual(texts(history.records), ['x'])
    assert.ok(history.tornBytes > 0)
  })
})

describe('what a take-over found', () => {
  test('is read at its position, also after a power cut took its first home', async () => {
    const disk = await diskWithStore()
    const files = disk.process('a')
    // The fdatasync of the last batch never comes to an end.
    let stuck = false
    const slow = interceptedFiles(files, (operation, perform) =>
      stuck && operation.kind === 'sync' ? new Promise<never>(() => {}) : perform(),
    )
    const a = logOn(slow)
    const { ownership } = await a.takeOver('run')
    await a.append(ownership, [bytes('x')])
    stuck = true
    a.append(ownership, [bytes('y'), bytes('z')]).catch(() => {})
    while ((await readAll(files, `${segmentFolder}/${(await a.segments())[0]}.seg`)).indexOf('z') < 0) {
      await Promise.resolve()
    }
    const { history } = await logOn(disk.process('b')).takeOver('run')
    assert.deepEqual(texts(history.records), ['x', 'y', 'z'])
    const after = crashState(disk, disk.lastOperation, 'only-synced', seededRandom(0))
    const c = logOn(after.process('c'))
    for (const record of history.records) assert.deepEqual((await c.read(record.position)).payload, record.payload)
    const again = await c.history('run')
    assert.deepEqual(
      again.records.map(record => record.position),
      history.records.map(record => record.position),
    )
  })

  test('does not depend on its claim having kept its content', async () => {
    const disk = await diskWithStore()
    for (const label of ['a', 'b', 'c']) {
      const log = logOn(disk.process(label))
      const { ownership } = await log.takeOver('run')
      await log.append(ownership, [bytes(label)])
    }
    const files = disk.process('d')
    for (const shard of await files.list('/store/claims')) {
      for (const name of await files.list(`/store/claims/${shard}`))
        await writeAll(files, `/store/claims/${shard}/${name}`, Buffer.alloc(0))
    }
    assert.deepEqual(texts((await logOn(files).history('run')).records), ['a', 'b', 'c'])
  })
})

describe('the log', () => {
  test('refuses what could not be read back, and goes on', async () => {
    const log = logOn((await diskWithStore()).process('a'))
    const owner = await log.create('run')
    // A view of the same page again and again would do for the length, but the sum is what counts.
    const piece = new Uint8Array(1 << 20)
    await assert.rejects(
      log.append(
        owner,
        Array.from({ length: 513 }, () => piece),
      ),
      code('limit'),
    )
    const [position] = await log.append(owner, [bytes('x')])
    assert.equal(text((await log.read(position ?? assert.fail())).payload), 'x')
  })

  test('refuses ownerships of another kind', async () => {
    const log = logOn((await diskWithStore()).process('a'))
    await assert.rejects(log.append({ stream: 'run', token: 1 }, [bytes('x')]), TypeError)
  })

  test('is closed once what was under way is durable, and does nothing afterwards', async () => {
    const disk = await diskWithStore()
    const log = logOn(disk.process('a'))
    const owner = await log.create('run')
    const append = log.append(owner, [bytes('x')])
    await log.close()
    const [position] = await append
    const tail = await log.tail(position?.segment ?? '', 0)
    assert.equal(tail.closed, true)
    await assert.rejects(log.append(owner, [bytes('y')]), code('conflict'))
    await assert.rejects(log.appendFree([bytes('y')]), code('conflict'))
    const before = disk.lastOperation
    await assert.rejects(log.takeOver('run', position?.segment), code('conflict'))
    assert.deepEqual(
      disk.operations.slice(before).filter(operation => operation.effect),
      [],
    )
    await log.close()
  })

  test('leaves no segment that was never closed, however many streams begin at once', async () => {
    const disk = await diskWithStore()
    const log = logOn(disk.process('a'))
    const owner = await log.create('drawn')
    await Promise.all([log.takeOver('run'), log.takeOver('other'), log.append(owner, [bytes('x')]), log.appendFree([bytes('y')])])
    await log.close()
    const [segment, ...more] = await log.segments()
    assert.deepEqual(more, [])
    assert.equal((await log.tail(segment ?? '', 0)).closed, true)
  })

  test('that cannot read says so as unavailable, not as nothing found', async () => {
    const disk = await diskWithStore()
    const a = logOn(disk.process('a'))
    const { ownership } = await a.takeOver('run')
    const [position] = await a.append(ownership, [bytes('x')])
    assert.ok(position)
    const failing = (files: FileSystem) =>
      interceptedFiles(files, (operation, perform) => {
        const fails = ['list', 'exists', 'read', 'stat'].includes(operation.kind)
        return fails ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })) : perform()
      })
    const b = logOn(failing(disk.process('b')))
    await assert.rejects(b.history('run'), code('unavailable'))
    await assert.rejects(b.takeOver('run'), code('unavailable'))
    await assert.rejects(b.segments(), code('unavailable'))
    await assert.rejects(b.tail(position.segment, 0), code('unavailable'))
    await assert.rejects(b.read(position), code('unavailable'))
    await assert.rejects(b.isFenced(await b.create('run')), code('unavailable'))
  })
})
