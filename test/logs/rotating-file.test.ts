import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { FolderLock } from '../../src/logs/folder-lock.ts'
import { RotatingFile } from '../../src/logs/rotating-file.ts'

const hourMs = 3_600_000

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-logs-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** All lines of a log, of its old files too. */
function linesOf(folder: string): string[] {
  const names = readdirSync(folder).filter(name => name.startsWith('a.log') && !name.endsWith('-lock'))
  return names.flatMap(name => {
    const bytes = readFileSync(join(folder, name))
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').slice(0, -1)
  })
}

async function fileIn(folder: string, options: { maxBytes?: number; files?: number; now?: () => number } = {}) {
  const lock = await FolderLock.open(join(folder, 'a.log-lock'), 100)
  const path = join(folder, 'a.log')
  const file = new RotatingFile({ path, lock, maxBytes: 100, files: 5, keepDays: 7, now: Date.now, ...options })
  const close = async () => {
    file.close()
    await file.tended()
    lock.close()
  }
  return { file, path, close }
}

test('A8 eight processes that go on with one log in new files many times write every line once, and whole', () =>
  withFolder(async folder => {
    const worker = join(import.meta.dirname, 'log-worker.ts')
    const names = Array.from({ length: 8 }, (_, index) => `p${index}`)
    const ends = names.map(async name => {
      const child = spawn(
        process.execPath,
        ['--conditions=waymark-source', worker, join(folder, 'a.log'), name, '300', '20000'],
        {
          stdio: 'inherit',
        },
      )
      return (await once(child, 'exit'))[0]
    })
    assert.deepEqual(
      await Promise.all(ends),
      names.map(() => 0),
    )
    const found = linesOf(folder).map(line => JSON.parse(line))
    assert.equal(found.length, 8 * 300)
    assert.equal(new Set(found.map(({ name, line }) => `${name} ${line}`)).size, 8 * 300)
    const old = readdirSync(folder).filter(name => name.startsWith('a.log.2'))
    assert.ok(old.length >= 3, `${old.length} old files`)
    assert.deepEqual(
      old.filter(name => !name.endsWith('.gz')),
      [],
    )
  }))

test('A8 a process that slept over the change to a new file writes there, and nothing into the old one', () =>
  withFolder(async folder => {
    const sleeper = await fileIn(folder)
    const other = await fileIn(folder)
    sleeper.file.append(Buffer.from(`${'a'.repeat(80)}\n`))
    other.file.append(Buffer.from(`${'b'.repeat(80)}\n`))
    await other.file.tended()
    sleeper.file.append(Buffer.from('late\n'))
    assert.deepEqual(readFileSync(join(folder, 'a.log'), 'utf8'), `${'b'.repeat(80)}\nlate\n`)
    assert.deepEqual(linesOf(folder).sort(), ['a'.repeat(80), 'b'.repeat(80), 'late'].sort())
    await sleeper.close()
    await other.close()
  }))

test('A8 a log is gone on with in a new file when the day is over, and one line larger than a file has a file of its own', () =>
  withFolder(async folder => {
    let now = Date.now()
    const { file, path, close } = await fileIn(folder, { now: () => now })
    file.append(Buffer.from('yesterday\n'))
    file.append(Buffer.from('still\n'))
    assert.equal(readFileSync(path, 'utf8'), 'yesterday\nstill\n')
    now += 24 * hourMs
    file.append(Buffer.from('today\n'))
    assert.equal(readFileSync(path, 'utf8'), 'today\n')
    utimesSync(path, now / 1000, now / 1000)
    file.append(Buffer.from(`${'l'.repeat(500)}\n`))
    assert.equal(statSync(path).size, 501)
    await close()
    assert.deepEqual(linesOf(folder).sort(), ['l'.repeat(500), 'still', 'today', 'yesterday'])
  }))

test('A8 while somebody writes, the name does not move on; while it does, nobody writes', () =>
  withFolder(async folder => {
    const other = await FolderLock.open(join(folder, 'a.log-lock'))
    const { file, path, close } = await fileIn(folder)
    file.append(Buffer.from(`${'a'.repeat(80)}\n`))
    const busy = { code: 'ERR_SQLITE_ERROR' }
    other.shared(() => assert.throws(() => file.append(Buffer.from(`${'b'.repeat(80)}\n`)), busy))
    assert.equal(readFileSync(path, 'utf8'), `${'a'.repeat(80)}\n`)
    other.alone(() => assert.throws(() => file.append(Buffer.from('b\n')), busy))
    assert.equal(readFileSync(path, 'utf8'), `${'a'.repeat(80)}\n`)
    file.append(Buffer.from('b\n'))
    other.shared(() => file.append(Buffer.from('beside\n')))
    assert.equal(readFileSync(path, 'utf8'), `${'a'.repeat(80)}\nb\nbeside\n`)
    other.close()
    await close()
  }))

test('A8 what another process has already gone on with in a new file is not gone on with once more', () =>
  withFolder(async folder => {
    const { file, close } = await fileIn(folder)
    const other = await fileIn(folder)
    let isFirst = true
    // The other one is quicker, in the moment between.
    const lock = await FolderLock.open(join(folder, 'a.log-lock'), 0)
    const slow = new RotatingFile({
      path: join(folder, 'a.log'),
      lock: Object.assign(Object.create(lock), {
        shared: (work: () => unknown) => {
          const done = lock.shared(work)
          if (done === false && isFirst) {
            isFirst = false
            other.file.append(Buffer.from(`${'b'.repeat(80)}\n`))
          }
          return done
        },
        alone: (work: () => unknown) => lock.alone(work),
      }),
      maxBytes: 100,
      files: 5,
      keepDays: 7,
      now: Date.now,
    })
    file.append(Buffer.from(`${'a'.repeat(80)}\n`))
    slow.append(Buffer.from(`${'c'.repeat(15)}\n${'d'.repeat(10)}\n`))
    slow.close()
    await slow.tended()
    lock.close()
    await other.close()
    await close()
    assert.equal(readdirSync(folder).filter(name => name.startsWith('a.log.2')).length, 2)
  }))

test('A8 of old files the newest stay, and none that is older than the days that are kept; others are left alone', () =>
  withFolder(async folder => {
    for (const name of ['a.log.bak', 'b.log.20200101T000000000Z']) writeFileSync(join(folder, name), 'mine')
    const eightDaysAgo = Date.now() / 1000 - 8 * 24 * 3600
    const aged = join(folder, 'a.log.29990101T000000000Z')
    writeFileSync(aged, 'aged\n')
    utimesSync(aged, eightDaysAgo, eightDaysAgo)
    const { file, close } = await fileIn(folder, { files: 3 })
    for (let line = 0; line < 8; line++) {
      file.append(Buffer.from(`${String(line).repeat(80)}\n`))
      await file.tended()
    }
    await close()
    assert.deepEqual(
      linesOf(folder)
        .map(line => line[0])
        .sort(),
      ['4', '5', '6', '7'],
    )
    assert.ok(readdirSync(folder).includes('a.log.bak'))
    assert.ok(readdirSync(folder).includes('b.log.20200101T000000000Z'))
  }))

test('A8 what was left when a process died while it compressed is neither lost nor there twice', () =>
  withFolder(async folder => {
    const first = await fileIn(folder)
    first.file.append(Buffer.from(`${'a'.repeat(80)}\n`))
    first.file.append(Buffer.from(`${'b'.repeat(80)}\n`))
    await first.close()
    const [old = ''] = readdirSync(folder).filter(name => name.endsWith('.gz'))
    // Compressed, and not yet removed; and one that was only begun.
    writeFileSync(join(folder, old.replace(/\.gz$/, '')), `${'a'.repeat(80)}\n`)
    writeFileSync(join(folder, `${old}.123.tmp`), 'torn')
    const second = await fileIn(folder)
    second.file.append(Buffer.from(`${'c'.repeat(80)}\n`))
    await second.close()
    assert.deepEqual(
      linesOf(folder)
        .filter(line => line !== 'torn')
        .map(line => line[0])
        .sort(),
      ['a', 'b', 'c'],
    )
  }))

test('A8 of a line that was broken off, by a full disk or a kill, the next one is no part', () =>
  withFolder(async folder => {
    writeFileSync(join(folder, 'a.log'), 'whole\n{"torn')
    const { file, path, close } = await fileIn(folder)
    file.append(Buffer.from('next\n'))
    file.append(Buffer.from('another\n'))
    assert.equal(readFileSync(path, 'utf8'), 'whole\n{"torn\nnext\nanother\n')
    await close()
  }))
