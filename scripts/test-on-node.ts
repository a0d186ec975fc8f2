// npm run test:nodes [-- VERSION …]
// The test suite on the oldest and the newest Node that are supported; the one between is what `npm test` runs on.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Exact, so that a failure can be repeated: the first Node named in `engines`, and a current one. */
const testedVersions = ['22.18.0', '26.10.0']

/** Installs `version` from npm into the temporary folder, once, and returns the folder of its `node`. */
function installNode(version: string): string {
  const home = join(tmpdir(), `waymark-node-${version}`)
  const bin = join(home, 'node_modules', '.bin')
  if (existsSync(join(bin, 'node'))) return bin
  mkdirSync(home, { recursive: true })
  const project = { private: true, devDependencies: { node: version }, allowScripts: { [`node@${version}`]: true } }
  writeFileSync(join(home, 'package.json'), JSON.stringify(project))
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--omit-lockfile-registry-resolved=false'], {
    cwd: home,
    stdio: 'inherit',
  })
  return bin
}

/** Runs the very command of `npm test`, but not through npm: that would put the Node of devDependencies first. */
function runTests(bin: string): boolean {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const path = [bin, process.env['PATH']].join(delimiter)
  const { status } = spawnSync(scripts.test, { shell: true, stdio: 'inherit', env: { ...process.env, PATH: path } })
  return status === 0
}

const versions = process.argv.length > 2 ? process.argv.slice(2) : testedVersions
const failed = versions.filter(version => {
  const bin = installNode(version)
  console.log(`\n== Node ${execFileSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' }).trim()}`)
  return !runTests(bin)
})

console.log(
  failed.length === 0
    ? `\nThe tests pass on Node ${versions.join(' and ')}.`
    : `\nThe tests fail on Node ${failed.join(' and ')}.`,
)
process.exitCode = failed.length === 0 ? 0 : 1
