import assert from 'node:assert/strict'
import { test } from 'node:test'
import { poisonProject } from './poison-project.ts'

test('report tells a run over all its stages, as text, Markdown and JSON; export gives the whole run (B9, B10)', async t => {
  const project = await poisonProject(t)
  await project.waymark('run', 'etl.ts', '--run-id', 'r1', '-q')
  await project.write('mended', '')
  await project.waymark('requeue', 'r1', '--key', 'o-3', '-q')
  const [text, markdown, json, exported, file, several, chat, wrong, page] = await Promise.all([
    project.waymark('report', '@last'),
    project.waymark('report', 'r1', '--format', 'md'),
    project.waymark('report', 'r1', '--format', 'json'),
    project.json('export', 'r1'),
    project.waymark('export', 'orders@last', '--out', 'run.json'),
    project.waymark('report', '--since', '24h'),
    project.waymark('report', '--pipeline', 'orders', '--format', 'md'),
    project.waymark('report', '--since', 'yesterday'),
    project.waymark('report', 'r1', '--format', 'html'),
  ])
  assert.match(text.stdout, /^✓ orders r1: completed, 100 % · 10 items · .* · 2 attempts\n/)
  assert.match(
    text.stdout,
    /\n {2}◍ extract +completed, .* reused, ◆ c\w+\n {2}✓ enrich +9 items, 1 set aside, .*, 9 reused\n {2}◍ report /,
  )
  assert.match(text.stdout, /\n {2}aside +1 item of enrich: Error: HTTP 413 for o-7 {2}waymark items r1 --group \w{12}\n/)
  assert.match(text.stdout, /\n {2}reused +by attempt 2: 2 stages, 9 of 10 items \(90 %\)/)
  assert.match(text.stdout, /\n {2}log +10 items recorded once each, none lost, over 2 attempts\n/)
  assert.match(markdown.stdout, /^\*\*✓ orders r1: completed, 100 %\*\* · 10 items/)
  assert.match(markdown.stdout, /\n- aside: 1 item of enrich: Error: HTTP 413 for o-7 `waymark items r1 --group \w{12}`\n/)
  assert.match(page.stdout, /^<!doctype html>\n.*<\/html>\n$/s)
  assert.match(page.stdout, /<code>waymark items r1 --group \w{12}<\/code>/)
  const { data } = JSON.parse(json.stdout)
  assert.deepEqual([data.percent, data.proof, data.items.setAside], [100, { items: 10, twice: 0, lost: 0 }, 1])
  assert.deepEqual(
    data.attempts.map((one: { state: string }) => one.state),
    ['completed', 'completed'],
  )

  const whole = exported['data'] as Record<string, Record<string, unknown>[]>
  assert.deepEqual(
    whole['stages']?.map(stage => [stage['path'], stage['reused']]),
    [
      ['extract', true],
      ['enrich', false],
      ['report', true],
    ],
  )
  assert.deepEqual(
    whole['setAsideItems']?.map(item => [item['key'], item['payload']]),
    [['o-7', { id: 'o-7', size: 7 }]],
  )
  assert.ok((whole['checkpoints']?.length ?? 0) >= 3 && whole['attempts']?.every(attempt => attempt['plan'] !== undefined))
  assert.equal(file.code, 0, file.stderr)
  assert.match(file.stdout, /^✓ exported run r1 · json · .* · run\.json\n/)
  assert.deepEqual(Object.keys(JSON.parse(await project.read('run.json')).data), Object.keys(whole))

  assert.match(
    several.stdout,
    /^all pipelines, last 24h: 1 run, 0 problems, 1 done, success 100 %, 10 items\n {2}orders r1 done, 1 set aside {2}waymark items r1 --set-aside\n$/,
  )
  assert.match(chat.stdout, /^\*\*orders: 1 run, .*\*\*\n- orders r1 done, 1 set aside: `waymark items r1 --set-aside`\n$/)
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /--since needs a time such as 30m, 24h or 7d, not "yesterday"/)

  const [again, checkpoint, raw, stage] = await Promise.all([
    project.waymark('export', 'r1', '--out', 'run.json'),
    project.waymark('export', String(whole['checkpoints']?.[0]?.['id']).slice(0, 9), '--format', 'json', '--out', '-'),
    project.waymark('export', 'r1', '--format', 'cbor'),
    project.waymark('export', 'r1/enrich'),
  ])
  assert.deepEqual([again.code, checkpoint.code, raw.code, stage.code], [2, 0, 2, 7])
  assert.match(again.stderr, /run\.json exists/)
  assert.ok(JSON.parse(checkpoint.stdout))
})
