// A small durable save (8 KB) with 10, 1,000 and 100,000 checkpoints in the store: goal flat, at most 1 ms here, one fsync. Beside it, a bare append + fdatasync of the same
// bytes and a FULL commit of node:sqlite, in the same session.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { median, timed, withStore } from './shared/temporary-store.ts'

const text = Array.from({ length: 8_000 }, (_, i) => String.fromCharCode(97 + ((i * 7919) % 26))).join('')
const value = { text, step: 0 }
const rounds = 300

const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'))
const bytes = Buffer.from(JSON.stringify(value))

const file = openSync(join(folder, 'bare'), 'a')
const database = new DatabaseSync(join(folder, 'bare.sqlite'))
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE saves (id INTEGER PRIMARY KEY, body BLOB)')
const insert = database.prepare('INSERT INTO saves (body) VALUES (?)')

function appendAndSync(): void {
  writeSync(file, bytes)
  fdatasyncSync(file)
}

function timedSync(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

await withStore(async (store, files) => {
  let saved = 0
  for (const before of [10, 1_000, 100_000]) {
    while (saved < before) {
      const many = Math.min(500, before - saved)
      await Promise.all(Array.from({ length: many }, (_, i) => store.save({ value: saved + i, stage: 'filler' })))
      saved += many
    }
    const syncsBefore = files.fsyncs
    const times = { save: [] as number[], bare: [] as number[], full: [] as number[] }
    // One of each in turn, so that a busy moment of the machine hits all three.
    for (let i = 0; i < rounds; i++) {
      times.save.push(await timed(() => store.save({ value: { ...value, step: i }, stage: 'small' })))
      times.bare.push(timedSync(appendAndSync))
      times.full.push(timedSync(() => insert.run(bytes)))
    }
    saved += rounds
    const [save, bare, full] = [median(times.save), median(times.bare), median(times.full)]
    const syncs = (files.fsyncs - syncsBefore) / rounds
    console.log(
      `${before.toLocaleString('en').padStart(7)} in the store: save of 8 KB ${save.toFixed(3)} ms, ${syncs.toFixed(2)} fsyncs · ${(save / bare).toFixed(2)} × append+fdatasync (${bare.toFixed(3)}) · ${(save / full).toFixed(2)} × node:sqlite FULL (${full.toFixed(3)})`,
    )
  }
})
closeSync(file)
database.close()
rmSync(folder, { recursive: true, force: true })
