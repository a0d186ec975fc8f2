// node --conditions=waymark-source bench/history.ts [--checkpoints 1000]
// A thousand checkpoints of a 1 MB state with one row changed each, beside the hand-written way (JSON and gzip, a file each). restic and borg would be a thousand processes each.
// Then durable saves of 8 and 64 KiB, nothing of which is in the store before: their time and fsyncs, beside a bare append + fdatasync of the same bytes.
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compileBench } from './shared/compiled.ts'
import { folderBytes } from './shared/folder-bytes.ts'
import type { HistoryAnswer } from './shared/history-steps.ts'
import { canReadMemory, runMeasured, settleDisk } from './shared/measured-process.ts'
import { objectState } from './shared/object-states.ts'
import { median, timed, withStore } from './shared/temporary-store.ts'

const { values: given } = parseArgs({ options: { checkpoints: { type: 'string', default: '1000' } } })
const count = Number(given.checkpoints)
const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-history-'))
try {
  if (!canReadMemory) console.log('SKIPPED: peak memory needs GNU time (sh scripts/install-peers.sh)')
  mkdirSync(join(folder, 'compiled'))
  measureHistory(compileBench(join(folder, 'compiled'))('history-steps'))
  for (const kibibytes of [8, 64]) await measureSmall(kibibytes)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function measureHistory(script: string): void {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`
  console.log(`${count} checkpoints of 1 MB, one row changed each`)
  for (const side of ['waymark', 'json']) {
    const place = join(folder, side)
    mkdirSync(place)
    settleDisk()
    const { peakBytes, stdout } = runMeasured(process.execPath, [script, side, place, String(count)])
    const { saveMs, listMs }: HistoryAnswer = JSON.parse(stdout)
    const { truth, catalog } = folderBytes(place)
    const [early, late] = [median(saveMs.slice(0, count / 10)), median(saveMs.slice(-count / 10))]
    const stored = side === 'waymark' ? `${mb(truth)} and ${mb(catalog)} of catalog (goal <= 15 together)` : mb(truth)
    console.log(`  ${side.padEnd(8)} save ${early.toFixed(2)} ms of the first tenth, ${late.toFixed(2)} of the last · ${stored}`)
    console.log(
      `  ${side.padEnd(8)} list of all ${(listMs[0] ?? 0).toFixed(1)} ms, again ${median(listMs).toFixed(1)} (goal <= 50) · peak ${mb(peakBytes ?? Number.NaN)} (goal <= 200)`,
    )
  }
  const { peakBytes, stdout } = runMeasured(process.execPath, [script, 'list', join(folder, 'waymark'), String(count)])
  const { listMs }: HistoryAnswer = JSON.parse(stdout)
  console.log(
    `  waymark  listed in a new process: first ${(listMs[0] ?? 0).toFixed(1)} ms, again ${median(listMs).toFixed(1)} · peak ${mb(peakBytes ?? Number.NaN)}`,
  )
}

async function measureSmall(kibibytes: number): Promise<void> {
  const rounds = 200
  // As JSON; what is stored of it is smaller.
  const values = Array.from({ length: rounds }, (_, seed) => objectState(kibibytes * 1024, seed + 1))
  const file = openSync(join(folder, 'bare'), 'a')
  const body = Buffer.from(JSON.stringify(values[0]))
  await withStore(async (store, files) => {
    await store.save({ value: objectState(kibibytes * 1024, 10_000), stage: 'small' })
    const syncsBefore = files.fsyncs
    const times = { save: [] as number[], bare: [] as number[] }
    for (const value of values) {
      times.save.push(await timed(() => store.save({ value, stage: 'small' })))
      const start = performance.now()
      writeSync(file, body)
      fdatasyncSync(file)
      times.bare.push(performance.now() - start)
    }
    const syncs = (files.fsyncs - syncsBefore) / rounds
    const [save, bare] = [median(times.save), median(times.bare)]
    console.log(
      `durable save of ${kibibytes} KiB: ${save.toFixed(3)} ms, ${syncs.toFixed(2)} fsyncs (goal <= 2) · ${(save / bare).toFixed(2)} × append+fdatasync (${bare.toFixed(3)} ms)`,
    )
  })
  closeSync(file)
}
