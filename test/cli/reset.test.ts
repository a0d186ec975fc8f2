import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { poisonProject, takeCalls } from './poison-project.ts'
import type { WaymarkProject } from './waymark-project.ts'

const bin = fileURLToPath(new URL('../../bin/waymark.js', import.meta.url))
const noTerminal = spawnSync('script', ['--version']).status === 0 ? false : 'needs script(1) of util-linux'

/** Runs a command on a terminal of 80 columns and answers its question. */
async function answered(project: WaymarkProject, args: readonly string[], answer: string) {
  const command = [process.execPath, '--conditions=waymark-source', bin, ...args].map(word => `'${word}'`).join(' ')
  const terminal = spawn('script', ['-qec', `stty cols 80 rows 24; exec ${command}`, '/dev/null'], {
    cwd: project.path,
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', TERM: 'xterm-256color', SHELL: '/bin/sh' },
  })
  let screen = ''
  let asked = false
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    if (asked || !/to confirm: /.test(screen)) return
    asked = true
    terminal.stdin.write(`${answer}\n`)
  })
  const code = await new Promise<number | null>(resolve => terminal.once('close', resolve))
  return { code, screen: stripVTControlCharacters(screen).replaceAll('\r', '') }
}

test('reset says what is lost and waits: off a terminal for --yes, with --plan for nothing (B9)', async t => {
  const project = await poisonProject(t)
  await project.waymark('run', 'etl.ts', '--run-id', 'r1', '-q')
  await takeCalls(project)
  const [plan, waits, json, near, neither] = await Promise.all([
    project.waymark('reset', 'r1', '--plan'),
    project.waymark('reset', 'r1'),
    project.waymark('reset', 'r1/report', '--json'),
    project.waymark('reset', 'r1/reprt', '--yes'),
    project.waymark('reset'),
  ])
  assert.match(
    plan.stdout,
    /^↻ throws away orders r1: 3 stages, 10 items, .* of work, 3 checkpoints \(\d+ B\)\n +stays +output files, and what the log says of the runs\n$/,
  )
  assert.equal(plan.code, 0)
  assert.deepEqual([waits.code, waits.stdout], [9, plan.stdout])
  assert.match(waits.stderr, /error confirmation .*\n[\s\S]*do +waymark reset r1 --yes\n$/)
  const document = JSON.parse(json.stdout)
  assert.deepEqual(
    [json.code, document.ok, document.error.code, document.hint.command],
    [9, false, 'confirmation', 'waymark reset r1/report --yes'],
  )
  assert.deepEqual(document.data.resets[0].stages, ['report'])
  assert.equal(near.code, 7)
  assert.match(near.stderr, /did you mean report\?/)
  assert.equal(neither.code, 2)
  assert.match((await project.waymark('ls')).stdout, /r1 +orders +completed/)

  const stage = await project.waymark('reset', 'r1/report', '--yes')
  assert.equal(stage.stdout, '✓ reset report of orders r1: called again when the run goes on\nnext: waymark resume r1\n')
  assert.equal((await project.waymark('resume', 'r1', '-q')).code, 4)
  assert.deepEqual(await takeCalls(project), ['report'])

  const all = await project.json('reset', '--pipeline', 'orders', '--yes')
  assert.deepEqual((all['data'] as { live: unknown[] }).live, [])
  const [empty, listed] = await Promise.all([project.waymark('reset', '--all', '--yes'), project.waymark('ls')])
  assert.match(empty.stdout, /^nothing to reset/)
  assert.match(listed.stdout, /r1 +orders +cancelled/)
})

test('on a terminal the id of the run has to be typed', { skip: noTerminal }, async t => {
  const project = await poisonProject(t)
  await project.waymark('run', 'etl.ts', '--run-id', 'r1', '-q')
  const refused = await answered(project, ['reset', 'r1'], 'yes')
  assert.match(refused.screen, /throws away orders r1: 3 stages[\s\S]*Type r1 to confirm: [\s\S]*error confirmation/)
  assert.equal(refused.code, 9)
  const done = await answered(project, ['reset', 'r1'], 'r1')
  assert.match(done.screen, /✓ reset orders r1: cancelled/)
  assert.equal(done.code, 0)
})
