import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertExactOutput, heldRun } from './held-run.ts'
import type { WaymarkProject } from './waymark-project.ts'

const itemCalls = async (project: WaymarkProject) => (await project.lines('calls.txt')).filter(call => call.startsWith('item'))
const requests = (project: WaymarkProject) => {
  const folder = join(project.path, '.waymark/requests')
  return existsSync(folder) ? readdirSync(folder) : []
}

const ownerPid = async (project: WaymarkProject): Promise<number> => {
  const { data } = await project.json('show', '@last')
  return (data as { run: { owner: { pid: number } } }).run.owner.pid
}

test('pause from another terminal, in the middle of long items: they are finished, it exits 0 and the run 9; run is refused, resume goes on exactly (B17, X3)', async t => {
  const { project, running, letGo } = await heldRun(t)
  const asking = project.start(['pause', '@last', '--reason', 'disk is full'])
  await asking.seen(/has seen it/)
  assert.equal((await itemCalls(project)).length, 14)
  await letGo()
  const [asked, ended] = await Promise.all([asking.ended, running.ended])
  assert.equal(asked.code, 0, asked.stderr)
  assert.match(
    asked.stdout,
    /^◔ orders \w{6} is paused\n +recorded +1 of 3 stages, 14 of 30 items of enrich\n +next +waymark resume \w{6}\n$/,
  )
  assert.equal(ended.code, 9, ended.stderr)
  assert.match(ended.stderr, /paused by process \d+ on \S+ \(disk is full\) after .*\n +go on with: waymark resume \w{6}\n$/)
  assert.equal((await itemCalls(project)).length, 14)

  const refused = await project.waymark('run', 'etl.ts', '--items', '30')
  assert.equal(refused.code, 9)
  assert.match(refused.stderr, /error paused .*\(disk is full\).*do +waymark resume \w+/s)
  const shown = await project.waymark('show', '@last')
  assert.match(shown.stdout, /◔ orders \w+ · paused .*by +process \d+ on \S+ \(disk is full\).*next +waymark resume/s)

  const resumed = await project.waymark('resume', '@last')
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.equal((await itemCalls(project)).length, 30)
  assert.deepEqual(requests(project), [])
  await assertExactOutput(project)
})

test('of a run whose processes were killed, pause takes over and writes the end itself; the next attempt is exact all the same (B7)', async t => {
  const { project, running, letGo } = await heldRun(t)
  running.signalGroup('SIGKILL')
  await running.ended
  await letGo()
  const { data } = await project.json('pause', '@last', '--reason', 'looked at tomorrow')
  const { how, run } = data as { how: string; run: { state: string; request: { reason: string } } }
  assert.deepEqual([how, run.state, run.request.reason], ['recorded', 'paused', 'looked at tomorrow'])
  assert.equal((await project.waymark('run', 'etl.ts', '--items', '30')).code, 9)
  assert.equal((await project.waymark('resume', '@last')).code, 0)
  await assertExactOutput(project)
})

test('a pause of a stopped process gives up with a sentence, and is obeyed when the process goes on', async t => {
  const { project, running, letGo } = await heldRun(t)
  const pid = await ownerPid(project)
  process.kill(pid, 'SIGSTOP')
  const late = await project.waymark('pause', '@last', '--timeout', '1s')
  assert.equal(late.code, 6)
  assert.match(
    late.stderr,
    /error lease_held .*is not paused after \d+ s: process \d+ on \S+ lives, but has not looked: it is stopped \(SIGSTOP\)/,
  )
  assert.match(late.stderr, /means +The request stays/)
  process.kill(pid, 'SIGCONT')
  await running.seen(/stopping +msg="paused: finishing what is in flight/)
  await letGo()
  assert.equal((await running.ended).code, 9)
})
