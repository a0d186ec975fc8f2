import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { processStartOf } from '../../src/engine/process-identity.ts'
import { jsonLines, type RunningWaymark, threeStages, WaymarkProject } from './waymark-project.ts'

/** Every item's result is in the output exactly once, and every line is whole. */
async function assertExactOutput(project: WaymarkProject, items: number): Promise<void> {
  const ids = (await project.lines('out.jsonl')).map(line => JSON.parse(line).id)
  assert.deepEqual(
    ids.toSorted((a, b) => a - b),
    Array.from({ length: items }, (_, id) => id),
  )
}

/** The process that runs the pipeline, from the events of a `--json` run. */
async function childPid(project: WaymarkProject): Promise<number> {
  const { data } = await project.json('show', '@last')
  assert.ok(typeof data === 'object' && data !== null && 'run' in data)
  const { run } = data as { run: { owner: { pid: number } } }
  return run.owner.pid
}

const started = (run: RunningWaymark) => run.seen(/stage\.done +stage=extract/)

/** Lets items from this one on wait. The function returned lets them go. */
async function hold(project: WaymarkProject, item: number): Promise<() => Promise<void>> {
  await project.write('hold', String(item))
  return () => project.remove('hold')
}

/** Waits until so many results are in the output. */
async function itemsDone(project: WaymarkProject, items: number): Promise<void> {
  while ((await project.lines('out.jsonl')).length < items) await setTimeout(5)
}

test('a run says which store it uses and shows its plan, then what was saved where and what to try next', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const { code, stdout, stderr } = await project.waymark('run', 'etl.ts', '--items', '5')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /store +path=\.waymark why="none found/)
  assert.match(stderr, /► run +extract +not started; declared by the pipeline/)
  assert.match(stderr, /run\.start .*stage\.done +stage=extract.*stage\.done +stage=enrich items=5.*run\.completed/s)
  assert.match(
    stdout,
    /✓ orders \w{6} completed.*saved +extract +◆ c\w+.*enrich +5 items +-> out\.jsonl.*result +\{ orders: 5 \}.*store.*next +waymark show \w{6}/s,
  )
  await assertExactOutput(project, 5)
})

test('after kill -9 of the whole process group the same command goes on: finished work is not called again, the output is exact (X2, X3)', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const letGo = await hold(project, 100)
  const first = project.start(['run', 'etl.ts', '--items', '200', '--ms', '10'])
  await itemsDone(project, 60)
  first.signalGroup('SIGKILL')
  assert.equal((await first.ended).signal, 'SIGKILL')
  await letGo()
  const recorded = (await project.lines('calls.txt')).length
  const second = await project.waymark('run', 'etl.ts', '--items', '200', '--ms', '10')
  assert.equal(second.code, 0, second.stderr)
  assert.match(second.stderr, /◍ reuse +extract.*► continue +enrich +\d+ of 200/s)
  assert.match(second.stderr, /attempt=2/)
  const calls = await project.lines('calls.txt')
  assert.equal(calls.filter(call => call === 'extract').length, 1)
  assert.equal(calls.filter(call => call === 'report').length, 1)
  assert.ok(calls.length < recorded + 201, 'recorded items were called again')
  await assertExactOutput(project, 200)
})

test('killing the pipeline’s process alone is recorded with its signal, and exits 3 with the command to go on', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const letGo = await hold(project, 100)
  const first = project.start(['run', 'etl.ts', '--items', '200', '--ms', '20'])
  await started(first)
  process.kill(await childPid(project), 'SIGKILL')
  const { code, stderr } = await first.ended
  await letGo()
  assert.equal(code, 3, stderr)
  assert.match(stderr, /error failed +the pipeline's process ended: killed by SIGKILL\n/)
  assert.doesNotMatch(stderr, /likely/)
  assert.match(stderr, /do +waymark resume \w{6}/)
  const shown = await project.waymark('show', '@last')
  assert.match(shown.stdout, /↯ orders \w+ · crashed .*cause +killed by SIGKILL\n/s)
  const resumed = await project.waymark('resume', '@failed', '--quiet')
  assert.equal(resumed.code, 0, resumed.stderr)
  await assertExactOutput(project, 200)
})

test('when the command is killed its pipeline ends too, and the next run goes on', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const letGo = await hold(project, 100)
  const first = project.start(['run', 'etl.ts', '--items', '200', '--ms', '20'])
  await started(first)
  const pid = await childPid(project)
  first.signal('SIGKILL')
  await first.ended
  await letGo()
  const second = await project.waymark('run', 'etl.ts', '--items', '200', '--ms', '20')
  assert.equal(second.code, 0, second.stderr)
  assert.equal(processStartOf(pid), undefined, 'the earlier process still lives')
  await assertExactOutput(project, 200)
})

test('Ctrl-C finishes what is in flight, saves, exits 130, and says how to go on in the last line', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const letGo = await hold(project, 100)
  const first = project.start(['run', 'etl.ts', '--items', '200', '--ms', '20'])
  await itemsDone(project, 40)
  first.signalGroup('SIGINT')
  await first.seen(/stopping/)
  await letGo()
  const { code, stderr } = await first.ended
  assert.equal(code, 130, stderr)
  assert.match(stderr, /stopping +msg="SIGINT: finishing what is in flight.*Ctrl-C again stops now"/)
  assert.match(stderr, /paused .*everything finished is saved.*\n +go on with: waymark resume \w{6}\n$/)
  const calls = (await project.lines('calls.txt')).length
  const { data } = await project.json('show', '@last')
  const { run, stages } = data as { run: { state: string }; stages: { path: string; counts?: { done: number } }[] }
  assert.equal(run.state, 'paused')
  // Nothing in flight was lost: what was called is recorded as done.
  assert.equal(stages.find(stage => stage.path === 'enrich')?.counts?.done, calls - 1)
  const second = await project.waymark('resume')
  assert.equal(second.code, 0, second.stderr)
  assert.equal((await project.lines('calls.txt')).length, 202)
  await assertExactOutput(project, 200)
})

test('SIGTERM to the command alone stops as cleanly, with exit 143', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const letGo = await hold(project, 100)
  const first = project.start(['run', 'etl.ts', '--items', '200', '--ms', '20', '--json'])
  await first.seen(/"stage\.completed"/)
  first.signal('SIGTERM')
  await first.seen(/"stopping"/)
  await letGo()
  const { code, stdout } = await first.ended
  assert.equal(code, 143)
  const last = jsonLines(stdout).at(-1)
  assert.equal(last?.['type'], 'exit')
  assert.equal(last?.['code'], 143)
  assert.ok(jsonLines(stdout).some(line => line['type'] === 'stopping'))
})

const stubborn = `
import { pipeline } from 'waymark'
export default pipeline('stubborn', async run => {
  await run.stage('wait', async ctx => {
    console.log('waiting')
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, 60_000)
      ctx.signal.addEventListener('abort', () => { clearTimeout(timer); reject(new Error('told to stop')) })
    })
  })
})
`

test('a second Ctrl-C aborts what the first waits for', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': stubborn })
  const run = project.start(['run', 'a.ts'])
  await run.seen(/waiting/)
  run.signalGroup('SIGINT')
  await run.seen(/finishing what is in flight/)
  run.signalGroup('SIGINT')
  const { code, stderr } = await run.ended
  assert.equal(code, 130, stderr)
  assert.match(stderr, /stopping now/)
})

test('a third Ctrl-C kills a pipeline that does not react, and what was recorded stays', async t => {
  const spin = `
    import { pipeline } from 'waymark'
    export default pipeline('spin', async run => {
      await run.stage('first', () => 1)
      await run.stage('spin', () => { console.log('spinning'); for (;;) {} })
    })`
  const project = await WaymarkProject.create(t, { 'a.ts': spin })
  const run = project.start(['run', 'a.ts'])
  await run.seen(/spinning/)
  run.signalGroup('SIGINT')
  await run.seen(/finishing what is in flight/)
  run.signalGroup('SIGINT')
  await run.seen(/stopping now/)
  run.signalGroup('SIGINT')
  const { code, stderr } = await run.ended
  assert.equal(code, 3, stderr)
  assert.match(stderr, /killed by SIGKILL \(by the supervisor, on the third SIGINT\)/)
  const { data } = await project.json('show', '@last')
  const { stages } = data as { stages: { path: string; state: string }[] }
  assert.equal(stages.find(stage => stage.path === 'first')?.state, 'completed')
})

test('--restart starts a killed or failed run again as further attempts of the same run', async t => {
  const flaky = `
    import { appendFileSync, readFileSync } from 'node:fs'
    import { pipeline } from 'waymark'
    export default pipeline('flaky', async run => {
      await run.stage('first', () => { appendFileSync('first.txt', 'x'); return 1 })
      return run.stage('second', () => {
        if (run.attempt === 1) process.kill(process.pid, 'SIGKILL')
        if (run.attempt === 2) throw new Error('not yet')
        return run.attempt
      })
    })`
  const project = await WaymarkProject.create(t, { 'a.ts': flaky })
  const { code, stdout, stderr } = await project.waymark('run', 'a.ts', '--restart', '2', '--backoff', '100')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /attempt 3/)
  assert.match(stderr, /restarting +msg=".*killed by SIGKILL; restart 1 of 2 in \d+ ms"/)
  assert.match(stderr, /restarting +msg=".*not yet; restart 2 of 2 in \d+ ms"/)
  assert.equal(await project.read('first.txt'), 'x')
})

test('--plan shows and runs nothing; --fresh begins anew; --redo calls one stage again; --run-id names the run', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const plan = await project.waymark('run', 'etl.ts', '--items', '3', '--plan', '--json')
  assert.equal(plan.code, 0, plan.stderr)
  assert.deepEqual(
    jsonLines(plan.stdout).map(line => line['type']),
    ['store', 'plan', 'exit'],
  )
  assert.deepEqual(await project.lines('calls.txt'), [])

  const failing = threeStages.replace("note('report')", "note('report'); throw new Error('broken')")
  await project.write('etl.ts', failing)
  const first = await project.waymark('run', 'etl.ts', '--items', '3', '--run-id', 'mine')
  assert.equal(first.code, 3)
  assert.match(first.stderr, /✗ mine failed/)
  await project.write('etl.ts', threeStages)
  const redone = await project.waymark('run', 'etl.ts', '--items', '3', '--redo', 'enrich')
  assert.equal(redone.code, 0, redone.stderr)
  assert.match(redone.stderr, /◍ reuse +extract.*↻ redo +enrich +3 +asked for with --redo/s)
  assert.equal((await project.lines('calls.txt')).filter(call => call === 'item 1').length, 2)
  await assertExactOutput(project, 3)

  await project.write('etl.ts', failing)
  await project.waymark('run', 'etl.ts', '--items', '3', '--run-id', 'second')
  const fresh = await project.waymark('run', 'etl.ts', '--items', '3', '--fresh', '--plan')
  assert.match(fresh.stderr, /a fresh run was asked for/)
  const listed = await project.json('ls')
  const { runs } = listed['data'] as { runs: { id: string; state: string }[] }
  assert.deepEqual(
    runs.map(run => [run.id, run.state]),
    [
      ['second', 'failed'],
      ['mine', 'completed'],
    ],
  )
})

test('resume finds file and parameters by address; of a completed run it says that nothing is left', async t => {
  const project = await WaymarkProject.create(t, {
    'jobs/etl.ts': threeStages.replace("note('report')", "note('report'); if (run.attempt === 1) throw new Error('broken')"),
  })
  assert.equal((await project.waymark('run', 'jobs/etl.ts', '--items', '4', '--tag', 'a', '--tag', 'b')).code, 3)
  const preview = await project.waymark('resume', 'orders@last', '--plan')
  assert.equal(preview.code, 0, preview.stderr)
  assert.match(preview.stderr, /► run +report +it failed/)
  const resumed = await project.waymark('resume', 'orders@last')
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.match(resumed.stdout, /result +\{ orders: 4 \}/)
  const again = await project.waymark('resume', '@last', '--json')
  assert.equal(again.code, 0)
  assert.deepEqual(
    jsonLines(again.stdout).map(line => line['type']),
    ['notice', 'exit'],
  )
  const none = await project.waymark('resume')
  assert.equal(none.code, 7)
  assert.match(none.stderr, /no unfinished run/)
})

test('a run that is being worked on is refused to a second command, which says by whom', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': stubborn })
  const first = project.start(['run', 'a.ts'])
  await first.seen(/waiting/)
  const second = await project.waymark('run', 'a.ts')
  assert.equal(second.code, 6, second.stderr)
  assert.match(second.stderr, /error lease_held .*process \d+ on .*attempt 1/)
  first.signalGroup('SIGKILL')
  await first.ended
})

test('a run that is stale needs a decision: exit 9 and the flag that makes it, upon which it goes on (B13)', async t => {
  const failing = threeStages.replace("note('report')", "note('report'); if (run.attempt === 1) throw new Error('broken')")
  const project = await WaymarkProject.create(t, { 'etl.ts': failing })
  await project.waymark('run', 'etl.ts', '--items', '2', '-q')
  const stale = { WAYMARK_STALE_AFTER_MS: '1' }
  const refused = await project.start(['run', 'etl.ts', '--items', '2'], stale).ended
  assert.equal(refused.code, 9, refused.stderr)
  assert.match(refused.stderr, /error stale .*--accept-stale/s)
  const accepted = await project.start(['run', 'etl.ts', '--items', '2', '--accept-stale'], stale).ended
  assert.equal(accepted.code, 0, accepted.stderr)
})

test('a changed input file needs a decision too: exit 9 and the flag that makes it (B5)', async t => {
  const project = await WaymarkProject.create(t, {
    'in.jsonl': '{"id":1}\n{"id":2}\n{"id":3}\n',
    'a.ts': `
      import { jsonl, pipeline } from 'waymark'
      export default pipeline('lines', async run => {
        const seen = await run.each('each', jsonl('in.jsonl'), (row: { id: number }) => {
          if (row.id === 3 && run.attempt === 1) throw new Error('broken')
          return row.id
        })
        return seen.done
      })`,
  })
  assert.equal((await project.waymark('run', 'a.ts', '-q')).code, 3)
  await project.write('in.jsonl', '{"id":1}\n{"id":2}\n{"id":4}\n{"id":5}\n')
  const refused = await project.waymark('resume', '--json')
  assert.equal(refused.code, 9, refused.stdout)
  const error = jsonLines(refused.stdout).at(-1)?.['error'] as { code: string; remedy: string }
  assert.equal(error.code, 'input_changed')
  assert.match(error.remedy, /--accept-input/)
  const accepted = await project.waymark('resume', '--accept-input')
  assert.equal(accepted.code, 0, accepted.stderr)
  assert.match(accepted.stdout, /result +4/)
})

test('a completed run named by its id is not run again, and its result is shown', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  await project.waymark('run', 'etl.ts', '--items', '2', '--run-id', 'once', '-q')
  const again = await project.waymark('run', 'etl.ts', '--items', '2', '--run-id', 'once')
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stdout, /✓ once is completed: nothing was left to do\n +result +\{ orders: 2 \}/)
  assert.equal((await project.lines('calls.txt')).length, 4)
})

test('changed code is said and keeps what is finished', async t => {
  const failing = threeStages.replace("note('report')", "throw new Error('broken')")
  const project = await WaymarkProject.create(t, { 'etl.ts': failing })
  await project.waymark('run', 'etl.ts', '--items', '2', '-q')
  await project.write('etl.ts', threeStages)
  const { code, stderr } = await project.waymark('run', 'etl.ts', '--items', '2')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /note +code changed since the last attempt \(etl\.ts:22\); finished work is kept/)
  assert.match(stderr, /◍ reuse +extract/)
})
