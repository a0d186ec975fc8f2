import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLines, threeStages, WaymarkProject } from './waymark-project.ts'

const failingAt = (item: number): string =>
  threeStages.replace(
    "note('item ' + order.id)",
    `note('item ' + order.id); if (order.id === ${item}) throw new Error('bad item')`,
  )

test('X1 the plan after a failure adds up and says what it keeps; afterwards the counts prove it, on screen, in JSON and in show (C10)', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': failingAt(40) })
  const first = await project.waymark('run', 'etl.ts', '--items', '60', '--ms', '1')
  assert.equal(first.code, 3, first.stderr)
  await project.write('etl.ts', threeStages)
  const plan = jsonLines((await project.waymark('resume', '--plan', '--json')).stdout).find(line => line['type'] === 'plan')?.[
    'plan'
  ]
  const { items, recovery, code, keptMs } = plan as {
    items: { total: number; reuse: number; redo: number; run: number }
    recovery: { type: string }
    code: { file: string; lines: number[][] }[]
    keptMs: number
  }
  assert.equal(items.total, 60)
  assert.equal(items.reuse + items.redo + items.run, 60)
  assert.ok(items.reuse >= 40 - 4 && keptMs > 0)
  assert.equal(recovery.type, 'resume')
  assert.deepEqual(code[0]?.file, 'etl.ts')
  assert.deepEqual(code[0]?.lines, [[16, 16]])
  const second = await project.waymark('resume')
  assert.equal(second.code, 0, second.stderr)
  assert.match(second.stderr, /code changed since the last attempt \(etl\.ts:16\); finished work is kept/)
  assert.match(second.stderr, /keeps .* of work · \d+ reused \+ \d+ to run = 60 items/)
  assert.match(second.stderr, /\(resume\)/)
  const proof = `nothing lost, nothing twice: ${items.reuse} reused + ${items.run} new = 60 items`
  assert.ok(second.stdout.includes(proof), second.stdout)
  const shown = await project.waymark('show', '@last')
  assert.ok(shown.stdout.includes(proof), shown.stdout)
  assert.match(shown.stdout, /began +resume/)
  const { data } = await project.json('show', '@last')
  assert.deepEqual((data as { run: { proof: { differences: unknown[] } } }).run.proof.differences, [])
})

test('--until stops with exit 0 and says how to go on; --from and --only keep to what they name', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const until = await project.waymark('run', 'etl.ts', '--items', '5', '--until', 'enrich')
  assert.equal(until.code, 0, until.stderr)
  assert.match(until.stderr, /○ later +report +not in this attempt: --until enrich/)
  assert.match(until.stderr, /paused after .*as asked with --until enrich\n.*go on with: waymark resume/)
  assert.equal((await project.lines('calls.txt')).includes('report'), false)
  const rest = await project.waymark('resume')
  assert.equal(rest.code, 0, rest.stderr)
  assert.match(rest.stderr, /\(normal\)/)
  const from = await project.waymark('resume', '@last', '--from', 'enrich')
  assert.equal(from.code, 0, from.stderr)
  assert.match(from.stderr, /redo +enrich +5 +asked for with --from enrich/)
  const calls = await project.lines('calls.txt')
  assert.deepEqual(
    ['extract', 'item 3', 'report'].map(name => calls.filter(call => call === name).length),
    [1, 2, 2],
  )
  const wrong = await project.waymark('resume', '@last', '--from', 'enrch')
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /Did you mean --from enrich\?/)
  const only = await project.waymark('run', 'etl.ts', '--items', '6', '--only', 'report')
  assert.equal(only.code, 0, only.stderr)
  assert.match(only.stderr, /as asked with --only report/)
})

test('D12 the error checkpoint of a failed run is named, listed and can be read', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': failingAt(7) })
  const failed = await project.waymark('run', 'etl.ts', '--items', '20')
  assert.equal(failed.code, 3)
  const id = /kept +◆ (\w+) holds the error and where the finished work is/.exec(failed.stderr)?.[1] ?? ''
  const listed = await project.waymark('checkpoints', '--type', 'error')
  assert.ok(listed.stdout.includes(id), listed.stdout)
  const shown = await project.waymark('show', '@last')
  assert.match(shown.stdout, new RegExp(`kept +◆ ${id} \\(type error\\): waymark show ${id} --value`))
  const value = await project.waymark('show', id, '--value')
  assert.match(value.stdout, /bad item/)
  assert.match(value.stdout, /enrich/)
})

test('a check of the user’s own is shown with its outcome, and fails the run with its error', async t => {
  const withCheck = (body: string) =>
    threeStages
      .replace("note('report')", "note('report'); if (run.attempt === 1) throw new Error('first')")
      .replace(
        "stages: ['extract', 'enrich', 'report'] }",
        `stages: ['extract', 'enrich', 'report'], check: report => { ${body} } }`,
      )
  const project = await WaymarkProject.create(t, { 'etl.ts': withCheck("throw new Error('2 orders are missing')") })
  assert.equal((await project.waymark('run', 'etl.ts', '--items', '5')).code, 3)
  const failed = await project.waymark('resume')
  assert.equal(failed.code, 3)
  assert.match(failed.stderr, /error failed +the check after the recovery failed: 2 orders are missing/)
  assert.match(failed.stderr, /check +failed: 2 orders are missing/)
  await project.write('etl.ts', withCheck('if (report.items.total !== 5) throw new Error(String(report.items.total))'))
  const passed = await project.waymark('resume')
  assert.equal(passed.code, 0, passed.stderr)
  assert.match(passed.stdout, /check +passed/)
  assert.match((await project.waymark('show', '@last')).stdout, /check +passed/)
})
