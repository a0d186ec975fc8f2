// node bench/backup-peers.ts [--rounds 3] [--mebibytes 256] [--edits in-place,in-runs,inserted,scattered]
// A 256 MiB state saved as a stream of bytes, again after edits, restored and verified, beside borg and restic (sh scripts/install-peers.sh). Each step is one process; tools
// take turns step by step; a snapshot is made from the one before, in one repository. restic always encrypts, borg and we do not here. Medians of the rounds.
import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { borgTool, type MakeTool, resticTool, type StepResult, waymarkTool } from './shared/backup-tools.ts'
import { byteState, type Edit, edited } from './shared/byte-state.ts'
import { compileBench } from './shared/compiled.ts'
import { folderBytes } from './shared/folder-bytes.ts'
import { canReadMemory, isInstalled, runMeasured, settleDisk } from './shared/measured-process.ts'
import { median } from './shared/temporary-store.ts'

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    mebibytes: { type: 'string', default: '256' },
    edits: { type: 'string', default: 'in-place,in-runs,inserted,scattered' },
  },
})
const edits = given.edits.split(',').filter((edit): edit is Edit => /^(in-place|in-runs|inserted|scattered)$/.test(edit))
const goalMb: Readonly<Record<string, number>> = { 'in-place': 1.5, 'in-runs': 1.5, inserted: 0.05, scattered: 1.6 }

/** Of one tool and step, over the rounds. */
interface Figures {
  readonly wallMs: number[]
  readonly workMs: number[]
  readonly peakBytes: number[]
  /** Of the files that the repository gained. */
  readonly added: number[]
}
const figures = new Map<string, Figures>()
function figuresOf(tool: string, step: string): Figures {
  const key = `${tool} · ${step}`
  const known = figures.get(key) ?? { wallMs: [], workMs: [], peakBytes: [], added: [] }
  figures.set(key, known)
  return known
}

const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-peers-'))
try {
  measure()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function measure(): void {
  const digests = writeStates()
  mkdirSync(join(folder, 'compiled'))
  const script = compileBench(join(folder, 'compiled'))('byte-steps')
  const tools: MakeTool[] = [waymarkTool(script)]
  if (isInstalled('borg', '--version')) tools.push(borgTool('lz4'), borgTool('zstd,1'))
  else console.log('SKIPPED: borg is not installed (sh scripts/install-peers.sh)')
  if (isInstalled('restic', 'version')) tools.push(resticTool())
  else console.log('SKIPPED: restic is not installed (sh scripts/install-peers.sh)')
  if (!canReadMemory) console.log('SKIPPED: peak memory needs GNU time (sh scripts/install-peers.sh)')
  const names = Array.from({ length: Number(given.rounds) }, () => playRound(tools, digests)).at(-1) ?? []
  const empty = runMeasured(process.execPath, ['--eval', '0'])
  report(names, empty)
}

/** The states, each as a file, and their digests. */
function writeStates(): ReadonlyMap<string, string> {
  const digests = new Map<string, string>()
  let state = byteState(Number(given.mebibytes) * 2 ** 20, 1)
  for (const step of ['first', ...edits]) {
    const edit = edits.find(name => name === step)
    if (edit !== undefined) state = edited(state, edit, 1000 + edits.indexOf(edit))
    mkdirSync(join(folder, 'states', step), { recursive: true })
    writeFileSync(join(folder, 'states', step, 'state'), state.bytes)
    digests.set(step, createHash('sha256').update(state.bytes).digest('hex'))
  }
  return digests
}

function playRound(makers: readonly MakeTool[], digests: ReadonlyMap<string, string>): readonly string[] {
  const playground = join(folder, 'round')
  const tools = makers.map((make, index) => {
    mkdirSync(join(playground, String(index)), { recursive: true })
    return make(join(playground, String(index)))
  })
  // Always the same path, as of a file that is written again.
  const file = join(playground, 'state')
  for (const step of digests.keys()) {
    rmSync(file, { force: true })
    linkSync(join(folder, 'states', step, 'state'), file)
    for (const tool of tools) {
      const before = totalBytes(tool.repository)
      settleDisk()
      record(tool.name, step, tool.save(file, step), totalBytes(tool.repository) - before)
    }
  }
  for (const [step, digest] of digests) {
    for (const tool of tools) {
      const into = join(playground, 'restored')
      mkdirSync(into)
      settleDisk()
      record(tool.name, `restore ${step}`, tool.restore(step, into), 0)
      const restored = createHash('sha256')
        .update(readFileSync(join(into, 'state')))
        .digest('hex')
      if (restored !== digest) throw new Error(`${tool.name} restored ${step} wrong`)
      rmSync(into, { recursive: true })
    }
  }
  for (const tool of tools) {
    settleDisk()
    record(tool.name, 'verify', tool.verify(), 0)
  }
  rmSync(playground, { recursive: true })
  return tools.map(tool => tool.name)
}

function totalBytes(repository: string): number {
  try {
    return folderBytes(repository).truth
  } catch {
    return 0
  }
}

function record(tool: string, step: string, { wallMs, workMs, peakBytes }: StepResult, added: number): void {
  const known = figuresOf(tool, step)
  known.wallMs.push(wallMs)
  known.added.push(added)
  if (workMs !== undefined) known.workMs.push(workMs)
  if (peakBytes !== undefined) known.peakBytes.push(peakBytes)
}

function report(names: readonly string[], empty: StepResult): void {
  const ours = 'waymark'
  const has = (tool: string) => names.includes(tool)
  const wall = (tool: string, step: string) => median(figuresOf(tool, step).wallMs)
  const ratio = (step: string, peer: string) =>
    has(peer) ? `${(wall(ours, step) / wall(peer, step)).toFixed(2)} × ${peer}` : `no ${peer}`
  const restores = ['first', ...edits].map(step => `restore ${step}`)
  for (const step of ['first', ...edits, ...restores, 'verify']) {
    console.log(`\n${step}, ${given.mebibytes} MiB`)
    for (const tool of names) console.log(`  ${tool.padEnd(12)} ${line(figuresOf(tool, step))}`)
    const stored = `${mb(median(figuresOf(ours, step).added), 2)} MB stored (goal <= ${goalMb[step]})`
    if (step === 'first') console.log(`  → ${ratio(step, 'borg lz4')} (goal <= 1.0), ${ratio(step, 'restic')}`)
    else if (goalMb[step] !== undefined)
      console.log(`  → ${ratio(step, 'restic')} (goal <= 0.6), ${ratio(step, 'borg lz4')}; ${stored}`)
    else console.log(`  → ${ratio(step, 'borg lz4')} (goal <= 1.0), ${ratio(step, 'restic')}`)
  }
  const sum = (tool: string) => restores.reduce((total, step) => total + wall(tool, step), 0)
  console.log(`\nall ${restores.length} restored: ${names.map(tool => `${tool} ${(sum(tool) / 1000).toFixed(2)} s`).join(', ')}`)
  const peak = Math.max(...[...figures].filter(([key]) => key.startsWith(`${ours} ·`)).flatMap(([, { peakBytes }]) => peakBytes))
  const baseline = empty.peakBytes ?? Number.NaN
  console.log(
    `peak memory of ours ${mb(peak, 0)} MB, of Node with nothing to do ${mb(baseline, 0)} MB: ${mb(peak - baseline, 0)} MB more (goal <= 150)`,
  )
}

function line({ wallMs, workMs, peakBytes, added }: Figures): string {
  const work = workMs.length === 0 ? '' : ` (${seconds(median(workMs))} without the start)`
  const all = wallMs.map(seconds).join(' ')
  const stored = median(added) === 0 ? '' : ` · ${mb(median(added), 2)} MB added`
  return `${seconds(median(wallMs))} s${work}${stored} · peak ${mb(median(peakBytes), 0)} MB   [${all}]`
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2)
}

function mb(bytes: number, digits: number): string {
  return (bytes / 1e6).toFixed(digits)
}
