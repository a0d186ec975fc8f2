import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { FolderLock } from '../../src/logs/folder-lock.ts'
import { LineBuffer } from '../../src/logs/line-buffer.ts'
import { makeFolder } from '../../src/logs/make-folder.ts'
import { RotatingFile } from '../../src/logs/rotating-file.ts'
import { type Clock, systemClock } from '../../src/model/clock.ts'

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
  const lock = await FolderLock.open(join(folder, 'a.log-lock'))
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

test('A8 while another process is at it nothing is written, and the wait holds up nothing; later all of it is', () =>
  withFolder(async folder => {
    const other = await FolderLock.open(join(folder, 'a.log-lock'))
    const { file, path, close } = await fileIn(folder)
    file.append(Buffer.from('one\n'))
    const told: string[] = []
    let isDue = () => {}
    // Only what is asked for happens: each wait ends when the test says so.
    const waits: number[] = []
    const clock: Clock = {
      ...systemClock,
      after(ms, callback) {
        waits.push(ms)
        isDue = callback
        return () => {}
      },
    }
    const buffer = new LineBuffer({
      file,
      clock,
      onTrouble: error => told.push(error instanceof Error ? error.message : ''),
      onRelief: lost => told.push(`written again, ${lost} lost`),
    })
    other.holding(() => {
      buffer.write('two\n')
      for (let tries = 0; tries < 10; tries++) isDue()
      buffer.write('three\n')
      assert.equal(readFileSync(path, 'utf8'), 'one\n')
    })
    assert.deepEqual(waits, [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000])
    isDue()
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n')
    assert.deepEqual(told, ['database is locked', 'written again, 0 lost'])
    other.close()
    await close()
  }))

test('A8 lines that are dropped for want of room while another process is at it are counted, whether it was told or not', () =>
  withFolder(async folder => {
    const { file, close } = await fileIn(folder, { maxBytes: 1 << 30 })
    const other = await FolderLock.open(join(folder, 'a.log-lock'))
    const lost: number[] = []
    const clock: Clock = { ...systemClock, after: () => () => {} }
    const buffer = new LineBuffer({ file, clock, onTrouble: () => assert.fail(), onRelief: lines => lost.push(lines) })
    const fill = () =>
      other.holding(() => {
        for (let i = 0; i < 70; i++) buffer.write(`${'l'.repeat(65_535)}\n`)
      })
    fill()
    buffer.flush()
    assert.equal(linesOf(folder).length + (lost[0] ?? 0), 70)
    assert.ok((lost[0] ?? 0) > 0)
    fill()
    assert.equal(buffer.end(), 70)
    other.close()
    await close()
  }))

test('A8 no file is larger than it may be, however many lines come at once', () =>
  withFolder(async folder => {
    const { file, path, close } = await fileIn(folder, { maxBytes: 1_000, files: 1_000 })
    const many = Array.from({ length: 300 }, (_, index) => `${'m'.repeat(index % 70)} ${index}`)
    for (let left = Buffer.from(many.map(line => `${line}\n`).join('')); left.length > 0; )
      left = left.subarray(file.append(left))
    await close()
    assert.ok(statSync(path).size <= 1_000)
    const old = readdirSync(folder).filter(name => name.endsWith('.gz'))
    for (const name of old) assert.ok(gunzipSync(readFileSync(join(folder, name))).length <= 1_000)
    assert.ok(old.length >= 10)
    assert.deepEqual(linesOf(folder).sort(), many.sort())
  }))

test('A8 a folder that cannot be made says so, also where Node itself never comes back', { timeout: 20_000 }, async () => {
  for (const path of ['/proc/nope', '/proc/nope/deeper', '/dev/null/logs'])
    assert.throws(() => makeFolder(path), { syscall: 'mkdir' })
})

test('A8 of lines that a full disk breaks off none stay, and all come when there is room', async t => {
  const disk = mkdtempSync(join(tmpdir(), 'waymark-logs-'))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', disk]).status !== 0)
    return t.skip('no file system can be mounted here')
  t.after(() => {
    spawnSync('umount', [disk])
    rmSync(disk, { recursive: true })
  })
  const { file, path, close } = await fileIn(disk, { maxBytes: 1 << 30 })
  file.append(Buffer.from('first\n'))
  const many = Buffer.from(Array.from({ length: 900 }, (_, index) => `${'n'.repeat(90)} ${index}\n`).join(''))
  assert.throws(() => file.append(many), { code: 'ENOSPC' })
  assert.equal(readFileSync(path, 'utf8'), 'first\n')
  assert.equal(spawnSync('mount', ['-o', 'remount,size=1m', disk]).status, 0)
  file.append(many)
  assert.equal(readFileSync(path, 'utf8'), `first\n${many}`)
  await close()
})

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

test('A8 of a line that a killed process broke off the next one is no part, also of a process that has the file open', () =>
  withFolder(async folder => {
    const { file, path, close } = await fileIn(folder)
    file.append(Buffer.from('whole\n'))
    appendFileSync(path, '{"torn')
    file.append(Buffer.from('next\n'))
    file.append(Buffer.from('another\n'))
    assert.equal(readFileSync(path, 'utf8'), 'whole\n{"torn\nnext\nanother\n')
    await close()
  }))
