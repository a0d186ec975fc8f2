// npm run check:package
// Packs the package as it would be published, lints the tarball, and uses it from a project that has nothing else.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const scratch = mkdtempSync(join(tmpdir(), 'waymark-package-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

/** Runs a step; prints its output only where it fails, and ends. */
function step(claim: string, cwd: string, command: string, ...argv: string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, argv, { cwd, encoding: 'utf8' })
  if (status === 0) {
    console.log(`ok  ${claim}`)
    return
  }
  console.error(`not ok  ${claim}: ${[command, ...argv].join(' ')}\n${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`)
  process.exit(1)
}

step('builds and packs', root, 'npm', 'pack', '--pack-destination', scratch)
const tarball = join(scratch, readdirSync(scratch).find(file => file.endsWith('.tgz')) ?? '')
step('package.json and files agree (publint)', root, 'publint', 'run', tarball, '--strict')
step('types and code resolve alike (attw)', root, 'attw', tarball, '--profile', 'esm-only')

// Every public name is looked at under the strictest flags, library declarations included: a type that is missing from the
// tarball, or an import of something that is no dependency, fails here.
const project = join(scratch, 'project')
mkdirSync(project)
const files = {
  'package.json': JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2023',
      lib: ['es2024', 'esnext.disposable'],
      module: 'nodenext',
      strict: true,
      noEmit: true,
      types: ['node'],
    },
    files: ['consumer.ts'],
  }),
  'consumer.ts': `
    import * as waymark from 'waymark'
    import * as testing from 'waymark/testing'
    const untyped: 0 extends 1 & typeof waymark.WaymarkError ? true : false = false
    export const names: readonly string[] = [...Object.keys(waymark), ...Object.keys(testing)]
    if (untyped || names.length < 10) throw new Error('the package exports only ' + names.join(', '))
  `,
}
for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text)

step('installs', project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball)
mkdirSync(join(project, 'node_modules', '@types'))
for (const name of ['@types/node', 'undici-types'])
  symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name))
step('type-checks where it is used', project, 'tsc', '-p', 'tsconfig.json')
step('loads', project, 'node', 'consumer.ts')
step('has its command', project, join(project, 'node_modules', '.bin', 'waymark'), '--help')
