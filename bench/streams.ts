// node --conditions=waymark-source bench/streams.ts [--megabytes 1000]
// A stream of bytes and one of rows, saved and loaded, each in a process of its own: time, and peak memory beside that of a Node process that does nothing and, for rows, of one that only makes
// and drops them.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compileBench } from './shared/compiled.ts'
import { canReadMemory, runMeasured } from './shared/measured-process.ts'

const { values: given } = parseArgs({ options: { megabytes: { type: 'string', default: '1000' } } })
const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-streams-'))
try {
  if (!canReadMemory) console.log('SKIPPED: peak memory needs GNU time (sh scripts/install-peers.sh)')
  mkdirSync(join(folder, 'compiled'))
  const script = compileBench(join(folder, 'compiled'))('stream-steps')
  const mb = (bytes: number | undefined) => ((bytes ?? Number.NaN) / 1e6).toFixed(0)
  const peaks = new Map<string, number>()
  for (const what of ['nothing', 'plain-rows', 'bytes', 'rows']) {
    const { peakBytes, stdout } = runMeasured(process.execPath, [script, what, join(folder, what), given.megabytes])
    const times: Record<string, number> = JSON.parse(stdout)
    const shown = Object.entries(times).map(
      ([name, ms]) => `${name} ${(ms / 1e3).toFixed(2)} s (${(Number(given.megabytes) / (ms / 1e3)).toFixed(0)} MB/s)`,
    )
    peaks.set(what, peakBytes ?? Number.NaN)
    console.log(`  ${what.padEnd(10)} ${shown.join(', ')} · peak ${mb(peakBytes)} MB`)
  }
  const over = (what: string, base: string) => mb((peaks.get(what) ?? Number.NaN) - (peaks.get(base) ?? Number.NaN))
  console.log(`  → bytes: ${over('bytes', 'nothing')} MB over a Node that does nothing (goal <= 100)`)
  console.log(
    `  → rows: ${over('rows', 'nothing')} MB over it, ${over('rows', 'plain-rows')} MB over one that makes and drops the rows (goal <= 100)`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
