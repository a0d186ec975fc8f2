import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

test('C6 restarts are counted, told with their pause, and kept with the attempt', async t => {
  const flaky = `
    import { pipeline } from 'waymark'
    export default pipeline('flaky', async run => {
      await run.stage('first', () => 1)
      return run.stage('second', () => {
        if (run.attempt === 1) process.kill(process.pid, 'SIGKILL')
        if (run.attempt === 2) throw new Error('not yet')
        return run.attempt
      })
    })`
  const project = await WaymarkProject.create(t, { 'a.ts': flaky })
  const { code, stdout, stderr } = await project.waymark('run', 'a.ts', '--restart', '3', '--backoff', '40', '--json')
  assert.equal(code, 0, stderr)
  const lines = jsonLines(stdout)
  const restarts = lines.filter(line => line['type'] === 'restarting')
  assert.deepEqual(
    restarts.map(line => [line['restart'], line['restarts']]),
    [
      [1, 3],
      [2, 3],
    ],
  )
  const [first, second] = restarts.map(line => Number(line['backoffMs']))
  assert.ok(first !== undefined && first >= 20 && first <= 40, `${first}`)
  assert.ok(second !== undefined && second >= 40 && second <= 80, `${second}`)
  const plans = lines
    .filter(line => line['type'] === 'plan')
    .map(line => (line['plan'] as { recovery: { type: string } }).recovery)
  assert.deepEqual(
    plans.map(({ type }) => type),
    ['fresh', 'retry', 'retry'],
  )
  assert.deepEqual(plans[2], { type: 'retry', restart: 2, restarts: 3, backoffMs: second, restartsInAll: 2 })
  const shown = await project.waymark('show', '@last')
  assert.match(shown.stdout, /began +retry 2 of 3 after \d+ ms/)
})

test('a redo that was asked for is done once, however often the supervisor begins again', async t => {
  const flaky = `
    import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
    import { pipeline } from 'waymark'
    export default pipeline('flaky', async run => {
      await run.stage('a', () => appendFileSync('calls.txt', 'a\\n'))
      await run.stage('b', () => appendFileSync('calls.txt', 'b\\n'))
      if (run.attempt > 1 && !existsSync('died')) { writeFileSync('died', ''); process.kill(process.pid, 'SIGKILL') }
      return run.stage('c', () => appendFileSync('calls.txt', 'c\\n'))
    })`
  const project = await WaymarkProject.create(t, { 'a.ts': flaky })
  assert.equal((await project.waymark('run', 'a.ts')).code, 0)
  const again = await project.waymark('resume', '@last', '--from', 'a', '--restart', '2', '--backoff', '20')
  assert.equal(again.code, 0, again.stderr)
  assert.deepEqual(await project.lines('calls.txt'), ['a', 'b', 'c', 'a', 'b', 'c'])
})

test('D12 a process that dies leaves an error checkpoint too: its cause, the stage at work, and what is finished', async t => {
  const dies = `
    import { pipeline } from 'waymark'
    export default pipeline('dies', async run => {
      await run.stage('first', () => 'kept')
      await run.stage('second', async () => {
        await new Promise(resolve => setTimeout(resolve, 100))
        process.kill(process.pid, 'SIGKILL')
      })
    })`
  const project = await WaymarkProject.create(t, { 'a.ts': dies })
  assert.equal((await project.waymark('run', 'a.ts')).code, 3)
  const { data } = await project.json('show', '@last')
  const { run, checkpoints } = data as {
    run: { errorCheckpoint: string }
    checkpoints: { id: string; type: string; stage: string }[]
  }
  const [error] = checkpoints.filter(({ type }) => type === 'error')
  assert.equal(error?.id, run.errorCheckpoint)
  assert.equal(error?.stage, 'second')
  const value = await project.waymark('show', error?.id ?? '', '--value')
  assert.match(value.stdout, /killed by SIGKILL/)
  assert.match(value.stdout, /first/)
})
