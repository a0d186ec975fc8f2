import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { WaymarkProject } from './waymark-project.ts'

const bin = fileURLToPath(new URL('../../bin/waymark.js', import.meta.url))
const noTerminal = spawnSync('script', ['--version']).status === 0 ? false : 'needs script(1) of util-linux'

const slow = `
import { pipeline } from 'waymark'
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
export default pipeline('slow', async (run, params) => {
  await run.stage('first', () => pause(250))
  await run.each('second', Array.from({ length: Number(params.items) }, (_, i) => i), async item => {
    if (item === 3) console.log('a line of the user')
    await pause(80)
  }, { key: item => item, concurrency: 2 })
})
`

/** Runs a command on a terminal of 80 by 24; `typed` is given once the screen shows `when`. */
async function onTerminal(
  project: WaymarkProject,
  args: readonly string[],
  typed?: { readonly when: RegExp; readonly keys: string },
) {
  const command = [process.execPath, '--conditions=waymark-source', bin, ...args].map(word => `'${word}'`).join(' ')
  const terminal = spawn('script', ['-qec', `stty cols 80 rows 24; exec ${command}`, '/dev/null'], {
    cwd: project.path,
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', TERM: 'xterm-256color', SHELL: '/bin/sh' },
  })
  let screen = ''
  let waiting = typed
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    if (waiting === undefined || !waiting.when.test(screen)) return
    terminal.stdin.write(waiting.keys)
    waiting = undefined
  })
  const code = await new Promise<number | null>(resolve => terminal.once('close', resolve))
  return { screen, code }
}

const plain = (text: string): string => stripVTControlCharacters(text).replaceAll('\r', '')

test('on a terminal finished stages scroll, what runs is redrawn in place, and the user’s lines stay whole', {
  skip: noTerminal,
}, async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': slow })
  const { screen, code } = await onTerminal(project, ['run', 'a.ts', '--items', '12'])
  const text = plain(screen)
  assert.match(text, /store \.waymark \(none found/)
  assert.match(text, /► first {2}running [\d.]+ m?s/)
  assert.match(text, /► second {2}█*░* +\d+ % {2}\d+\/12/)
  assert.match(text, /◆ \d+ s ago · .*Ctrl-C stops cleanly/)
  assert.match(text, /^a line of the user$/m)
  assert.match(text, /^✓ first {2}[\d.]+ m?s/m)
  assert.match(text, /^✓ slow \w{6} completed in/m)
  assert.equal(code, 0)
  // Redrawn: lines are erased, and drawn while the terminal holds its output back.
  assert.ok(screen.includes('\u001b[2K') && screen.includes('\u001b[?2026h'))
  // Never the alternate screen, and the cursor is back at the end.
  assert.ok(!screen.includes('\u001b[?1049h'))
  assert.ok(screen.lastIndexOf('\u001b[?25h') > screen.lastIndexOf('\u001b[?25l'))
})

test('Ctrl-C typed on a terminal stops cleanly, and the last line says how to go on', { skip: noTerminal }, async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': slow })
  const { screen, code } = await onTerminal(project, ['run', 'a.ts', '--items', '500'], { when: /[1-9]\d*\/500/, keys: '\u0003' })
  const text = plain(screen)
  assert.match(text, /SIGINT: finishing what is in flight, then saving; Ctrl-C again stops now/)
  assert.match(text, /◔ slow \w{6} paused after .*\n +go on with: waymark resume \w{6}\n$/)
  assert.equal(code, 130)
  assert.ok(screen.lastIndexOf('\u001b[?25h') > screen.lastIndexOf('\u001b[?25l'))
})

test('NO_COLOR, --no-color and --progress none are obeyed on a terminal', { skip: noTerminal }, async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': slow })
  const { screen, code } = await onTerminal(project, ['run', 'a.ts', '--items', '2', '--no-color', '--progress', 'none'])
  assert.ok(!screen.includes('\u001b['), JSON.stringify(screen))
  assert.match(plain(screen), /^✓ slow/m)
  assert.equal(code, 0)
})
