import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isSupportedNode } from '../../src/model/node-version.ts'

const root = join(import.meta.dirname, '..', '..')
const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find(path => existsSync(path) && !isSupportedNode(versionOf(path)))
const skip = oldNode === undefined && 'NOT TESTED: no Node older than Waymark supports in /usr/bin or /usr/local/bin'

function versionOf(path: string): string {
  return spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.trim()
}

function runOnOldNode(...argv: string[]) {
  return spawnSync(oldNode ?? '', argv, { encoding: 'utf8', cwd: root })
}

test('the command on an old Node says one sentence and exits 2', { skip }, () => {
  const { status, stdout, stderr } = runOnOldNode('bin/waymark.js', 'run', 'pipeline.ts')
  assert.match(
    stderr,
    /^Waymark needs Node 22\.18 or newer and runs on Node \d+\.\d+\.\d+: install Node 24 [^\n]*`npx waymark`\.\n$/,
  )
  assert.equal(stdout, '')
  assert.equal(status, 2)
})

test('the library on an old Node says what it needs, and no stack of a missing builtin', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-old-node-'))
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist'), '--declaration', 'false'], {
      cwd: root,
    })
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    for (const entry of ['dist/index.js', 'dist/testing/index.js']) {
      const { status, stderr } = runOnOldNode(join(folder, entry))
      assert.match(stderr, /WaymarkError: Waymark needs Node 22\.18 or newer and runs on Node \d+\.\d+\.\d+: install Node 24/)
      assert.doesNotMatch(stderr, /^\s+at /m)
      assert.equal(status, 1)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
