// What telling everything costs: the portfolio example run by the built command line, with log files (each stage its own), YAML config, `--json` progress and the tails of record streams; against the same without any of it. In turns;
// CPU of the whole process. Goal: at most 2 % more.
// WAYMARK_BENCH_ROUNDS (15) says how often.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runMeasured } from './shared/measured-process.ts'
import { median } from './shared/temporary-store.ts'

const rounds = Number(process.env['WAYMARK_BENCH_ROUNDS'] ?? 15)
const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-everything-'))
const configs = {
  off: '{}\n',
  on: 'logs:\n  level: trace\n  perStage: true\n  folder: logs\n',
}

/** The package as a user has it. @returns its folder */
function build(): string {
  const built = join(folder, 'waymark')
  mkdirSync(built)
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout } = spawnSync(
    process.execPath,
    [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(built, 'dist')],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stdout)
  cpSync(join(root, 'package.json'), join(built, 'package.json'))
  cpSync(join(root, 'bin'), join(built, 'bin'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'))
  return built
}

/** A project of its own each time, so that every run is a first one. @returns CPU in milliseconds */
function run(waymark: string, kind: keyof typeof configs, round: number): number {
  const project = join(folder, `${kind}-${round}`)
  mkdirSync(project)
  cpSync(join(root, 'examples'), join(project, 'examples'), { recursive: true })
  const modules = join(project, 'node_modules')
  mkdirSync(modules)
  symlinkSync(waymark, join(modules, 'waymark'))
  for (const name of ['vega-datasets', 'zod']) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'bench', type: 'module' }))
  writeFileSync(join(project, 'waymark.config.yaml'), configs[kind])
  const args = [join(waymark, 'bin/waymark.js'), 'run', 'examples/portfolio/pipeline.ts']
  const { cpuMs } = runMeasured(process.execPath, args, { cwd: project })
  if (cpuMs === undefined) throw new Error('GNU time is needed (Debian package time)')
  if (kind === 'on' && !readdirSync(join(project, 'logs', 'stages')).includes('signals.log'))
    throw new Error('nothing was logged')
  rmSync(project, { recursive: true })
  return cpuMs
}

try {
  const waymark = build()
  for (const kind of ['off', 'on'] as const) run(waymark, kind, -1)
  const off: number[] = []
  const on: number[] = []
  for (let round = 0; round < rounds; round++) {
    off.push(run(waymark, 'off', round))
    on.push(run(waymark, 'on', round))
  }
  const more = (median(on) / median(off) - 1) * 100
  const least = (Math.min(...on) / Math.min(...off) - 1) * 100
  console.log(`the portfolio example, CPU of the process, median of ${rounds} each in turns:`)
  console.log(`  everything off  ${median(off).toFixed(0)} ms (least ${Math.min(...off).toFixed(0)})`)
  console.log(
    `  everything on   ${median(on).toFixed(0)} ms (least ${Math.min(...on).toFixed(0)}): ${more.toFixed(1)} % more, by the least ${least.toFixed(1)} %`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
