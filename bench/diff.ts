// node --conditions=waymark-source bench/diff.ts [--megabytes 10] [--rounds N]
// Two nested states that differ in 1 % of their rows, compared; beside the hand-written ways: JSON.stringify of both, indented, and a comparison line by line; and node:util's isDeepStrictEqual
// of two equal copies, which tells nothing but that they are equal. CPU time, medians of rounds in which contenders take turns. store.diff of two stored states, loading included, is measured in a process of its own, with its memory.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { compareValues } from '../src/diff/compare-values.ts'
import { open } from '../src/open.ts'
import { mapsAsEntries, type ObjectState, objectState, withChangedRows } from './shared/object-states.ts'
import { median } from './shared/temporary-store.ts'

const { values: given } = parseArgs({
  options: { megabytes: { type: 'string', default: '10' }, rounds: { type: 'string' }, store: { type: 'string' } },
})

if (given.store !== undefined) await diffStored(given.store)
else for (const megabytes of given.megabytes.split(',').map(Number)) await measure(megabytes, Number(given.rounds ?? 7))

async function measure(megabytes: number, rounds: number): Promise<void> {
  const samples = new Map<string, number[]>()
  const take = <Result>(name: string, work: () => Result): Result => {
    const before = process.cpuUsage()
    const result = work()
    const { user, system } = process.cpuUsage(before)
    samples.set(name, [...(samples.get(name) ?? []), (user + system) / 1000])
    return result
  }
  const a = objectState(megabytes * 1e6, 1)
  const [copy, keylessBefore] = [structuredClone(a), withoutIds(a)]
  for (let round = 0; round <= rounds; round++) {
    const b = structuredClone(withChangedRows(a, 0.01, 'scattered', 100 + round))
    const keyless = withoutIds({ ...b, rows: [...b.rows.slice(0, 5), ...b.rows.slice(3)] })
    if (round === 1) samples.clear()
    take('diff, rows known by id', () => compareValues(a, b))
    take('diff, rows without a key', () => compareValues(keylessBefore, keyless))
    take('diff of equal states', () => compareValues(a, copy))
    take('JSON and lines', () => changedLines(linesOf(a), linesOf(b)))
    if (!take('isDeepStrictEqual of equal states', () => isDeepStrictEqual(a, copy))) throw new Error('the copy is another')
  }
  console.log(`\n${megabytes} MB as JSON each, ${rounds} rounds, CPU time`)
  const ms = (name: string): number => median(samples.get(name) ?? [])
  for (const name of samples.keys()) console.log(`  ${name.padEnd(36)} ${ms(name).toFixed(1).padStart(8)} ms`)
  const say = (name: string, peer: string) => console.log(`  → ${name.padEnd(34)} ${(ms(name) / ms(peer)).toFixed(2)} × ${peer}`)
  say('diff, rows known by id', 'JSON and lines')
  say('diff, rows without a key', 'JSON and lines')
  say('diff of equal states', 'isDeepStrictEqual of equal states')
  await measureStore(megabytes, a)
}

/** In a process of its own, so that what it needs is told apart from what the states above take. */
async function measureStore(megabytes: number, a: ObjectState): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'))
  try {
    const store = await open(join(folder, 'store'))
    await store.save({ id: 'a', value: a })
    await store.save({ id: 'b', value: withChangedRows(a, 0.01, 'scattered', 7) })
    await store.close()
    const words = ['--conditions=waymark-source', fileURLToPath(import.meta.url), '--store', join(folder, 'store')]
    console.log(`  ${execFileSync(process.execPath, words, { encoding: 'utf8' }).trim()} (states of ${megabytes} MB)`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function diffStored(path: string): Promise<void> {
  const store = await open(path)
  const before = process.memoryUsage.rss()
  const cpu = process.cpuUsage()
  const report = await store.diff('a', 'b')
  const { user, system } = process.cpuUsage(cpu)
  const found = report.kind === 'checkpoints' && report.content.form === 'value' ? report.content.counts.changed : 0
  const grown = process.resourceUsage().maxRSS / 1000 - before / 1e6
  console.log(
    `store.diff, loading included: ${((user + system) / 1000).toFixed(0)} ms CPU, ${found} changed, ${grown.toFixed(0)} MB of memory at most`,
  )
  await store.close()
}

/** So that nothing but what they hold tells rows apart. */
function withoutIds({ rows, tasks, ...state }: ObjectState): unknown {
  return { ...state, rows: rows.map(({ id: _id, ...row }) => row), tasks: tasks.map(({ id: _id, ...task }) => task) }
}

function linesOf(state: ObjectState): string[] {
  return JSON.stringify(state, mapsAsEntries, 1).split('\n')
}

/** Line by line, as the simplest program would: it is lost after the first line that was put in. */
function changedLines(a: readonly string[], b: readonly string[]): number {
  let changed = 0
  for (let line = 0; line < Math.max(a.length, b.length); line++) if (a[line] !== b[line]) changed++
  return changed
}
