// A small durable save (8 KB) with 10, 1,000 and 100,000 checkpoints in the store: goal flat, at most 1 ms here, one fsync. Beside it, a bare append + fdatasync of the same
// bytes and a FULL commit of node:sqlite, in the same session.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { median, withStore } from './shared/temporary-store.ts'

const text = Array.from({ length: 8_000 }, (_, i) => String.fromCharCode(97 + ((i * 7919) % 26))).join('')
const value = { text, step: 0 }
const rounds = 300

const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'))
const bytes = Buffer.from(JSON.stringify(value))

function bareAppendMs(): number {
  const file = openSync(join(folder, 'bare'), 'a')
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const start = performance.now()
    writeSync(file, bytes)
    fdatasyncSync(file)
    times.push(performance.now() - start)
  }
  closeSync(file)
  return median(times)
}

function sqliteFullMs(): number {
  const database = new DatabaseSync(join(folder, `bare-${performance.now()}.sqlite`))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE saves (id INTEGER PRIMARY KEY, body BLOB)')
  const insert = database.prepare('INSERT INTO saves (body) VALUES (?)')
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const start = performance.now()
    insert.run(bytes)
    times.push(performance.now() - start)
  }
  database.close()
  return median(times)
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
    const times: number[] = []
    for (let i = 0; i < rounds; i++) {
      const start = performance.now()
      await store.save({ value: { ...value, step: i }, stage: 'small' })
      times.push(performance.now() - start)
    }
    saved += rounds
    const bare = bareAppendMs()
    const full = sqliteFullMs()
    const save = median(times)
    const syncs = (files.fsyncs - syncsBefore) / rounds
    console.log(
      `${before.toLocaleString('en').padStart(7)} in the store: save of 8 KB ${save.toFixed(3)} ms, ${syncs.toFixed(2)} fsyncs · ${(save / bare).toFixed(2)} × append+fdatasync (${bare.toFixed(3)}) · ${(save / full).toFixed(2)} × node:sqlite FULL (${full.toFixed(3)})`,
    )
  }
})
rmSync(folder, { recursive: true, force: true })
