import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { closeSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { WaymarkProject } from './waymark-project.ts'

const bin = join(import.meta.dirname, '../../bin/waymark.js')
const node = [process.execPath, '--conditions=waymark-source', bin]
const ticking = (ms: number) => `import { pipeline } from 'waymark'
export default pipeline('one', async run => {
  for (let n = 0; n < 100; n++) {
    await run.event('tick', { n })
    await new Promise(resolve => setTimeout(resolve, ${ms}))
  }
})`

/** Exit code and stderr of a command whose stdout is the file of this descriptor. */
function into(
  fd: number,
  cwd: string,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const [command = '', ...rest] = [...node, ...args]
  const child = spawn(command, rest, { cwd, stdio: ['ignore', fd, 'pipe'] })
  let stderr = ''
  child.stderr?.on('data', piece => {
    stderr += String(piece)
  })
  return new Promise(resolve => child.on('exit', code => resolve({ code, stderr })))
}

test('B10 output for which there is no room is told on stderr, and is no success of a command that only tells something', async t => {
  const project = await WaymarkProject.create(t, { 'pipeline.ts': ticking(0) })
  const full = openSync('/dev/full', 'w')
  try {
    // What a run did is done: its exit code tells of that.
    const ran = await into(full, project.path, 'run', 'pipeline.ts', '--json')
    assert.deepEqual([ran.code, /^error disk_full {2}cannot write to stdout/m.test(ran.stderr)], [0, true], ran.stderr)
    for (const args of [['ls'], ['ls', '--json'], ['events', '--limit', '0', '--json'], ['--help'], ['show', '@last']]) {
      const { code, stderr } = await into(full, project.path, ...args)
      assert.match(stderr, /^error disk_full {2}cannot write to stdout: ENOSPC/m, args.join(' '))
      assert.equal(code, 3, args.join(' '))
    }
  } finally {
    closeSync(full)
  }
})

test('B10 of one text that is written in part, that is told too', async t => {
  const project = await WaymarkProject.create(t, {})
  const command = `ulimit -f 1; trap '' XFSZ; exec ${node.map(word => `'${word}'`).join(' ')} schema --json > schemas.json`
  const failed: unknown = await promisify(execFile)('bash', ['-c', command], { cwd: project.path }).catch(
    (error: unknown) => error,
  )
  assert.ok(failed instanceof Error && 'code' in failed && 'stderr' in failed, 'it went well')
  assert.match(String(failed.stderr), /cannot write to stdout: EFBIG/)
  assert.equal(failed.code, 8)
  assert.equal(statSync(join(project.path, 'schemas.json')).size, 1024)
})

test('B10 A7 events that are followed end when whoever reads them has gone, and that is no failure', async t => {
  const project = await WaymarkProject.create(t, { 'pipeline.ts': ticking(50) })
  const command = node.map(word => `'${word}'`).join(' ')
  // The run makes the store; whoever follows is long at work when its last events come.
  const script = `${command} run pipeline.ts --quiet >/dev/null & while [ ! -e .waymark/waymark.json ]; do sleep 0.1; done
timeout 100 ${command} events --follow --json --limit 0 | head -n 1; echo "\${PIPESTATUS[0]}"; wait`
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], { cwd: project.path })
  assert.deepEqual([stdout.trim().split('\n').at(-1), stderr], ['0', ''])
})
