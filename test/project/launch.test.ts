import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const scratch = mkdtempSync(join(tmpdir(), 'waymark-launch-'))
after(() => rmSync(scratch, { recursive: true }))

/** The real bin and package.json with other files around them. */
function copyOfPackage(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(scratch, name)
  mkdirSync(folder, { recursive: true })
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** No `--conditions` here: the command has to work as a user types it. */
function start(folder: string, ...argv: string[]) {
  return spawnSync(process.execPath, [join(folder, 'bin', 'waymark.js'), ...argv], { encoding: 'utf8' })
}

const clone = copyOfPackage('clone', {
  'src/index.ts': "export const origin: string = 'sources'",
  'src/testing/index.ts': "export const kit: string = 'sources'",
  'src/cli/main.ts': `
    import { fork } from 'node:child_process'
    import { origin } from 'waymark'
    import { kit } from 'waymark/testing'
    export async function main(argv: readonly string[]): Promise<number> {
      console.log(origin, kit, ...argv)
      if (argv[0] === 'warn') {
        await import('node:sqlite')
        process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning')
        process.emitWarning('mine is new', 'ExperimentalWarning')
        process.emitWarning('Type Stripping is old', 'DeprecationWarning')
      }
      if (argv[0] !== 'fork') return 7
      return await new Promise(done => fork(new URL('./child.ts', import.meta.url)).on('exit', code => done(code ?? 1)))
    }`,
  'src/cli/child.ts': `
    const { main } = await import('./main.ts')
    process.exitCode = await main(['in', 'the', 'child']) + 1`,
  'dist/index.js': "export const origin = 'dist'",
  'dist/testing/index.js': "export const kit = 'dist'",
  'dist/cli/main.js': "throw new Error('an old build was started')",
})

test('a clone runs its sources, whatever lies in dist, and exits with what main answers', () => {
  const { status, stdout, stderr } = start(clone, 'run', '--x', 'y')
  assert.equal(stderr, '')
  assert.equal(stdout, 'sources sources run --x y\n')
  assert.equal(status, 7)
})

test('a process that the command forks resolves like the command', () => {
  const { status, stdout } = start(clone, 'fork')
  assert.equal(stdout, 'sources sources fork\nsources sources in the child\n')
  assert.equal(status, 8)
})

test('the two warnings of Node about itself are left out, and no other', () => {
  const { stderr } = start(clone, 'warn')
  assert.doesNotMatch(stderr, /SQLite/)
  assert.match(stderr, /ExperimentalWarning: mine is new/)
  assert.match(stderr, /DeprecationWarning: Type Stripping is old/)
})

test('an installed package runs dist, even where the sources came along', () => {
  const installed = copyOfPackage('project/node_modules/waymark', {
    'src/cli/main.ts': "throw new Error('sources were started')",
    'dist/cli/main.js': 'export const main = async argv => argv.length',
  })
  assert.equal(start(installed, 'a', 'b', 'c').status, 3)
})

test('a copy without its program says so', () => {
  const { status, stderr } = start(copyOfPackage('half/node_modules/waymark', {}), 'ls')
  assert.match(stderr, /^This copy of Waymark is not complete: .*dist\/cli\/main\.js is missing; install the package again\.\n$/)
  assert.equal(status, 1)
})
