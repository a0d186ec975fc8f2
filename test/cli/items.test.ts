import assert from 'node:assert/strict'
import { test } from 'node:test'
import { poisonProject } from './poison-project.ts'

test('items tells how many, groups what was set aside, and lists a group with its payload (X5)', async t => {
  const project = await poisonProject(t)
  const ran = await project.waymark('run', 'etl.ts', '--run-id', 'r1')
  assert.equal(ran.code, 4)
  assert.match(ran.stdout, /2 items set aside\n[\s\S]*aside +waymark items r1 --set-aside/)

  const [counts, groups, shown, item, unknown] = await Promise.all([
    project.waymark('items', 'r1'),
    project.waymark('items', 'orders@last/enrich', '--set-aside'),
    project.waymark('show', 'r1'),
    project.waymark('items', 'r1/enrich/o-7'),
    project.waymark('items', 'r1/enrch', '--set-aside'),
  ])
  assert.match(counts.stdout, /^orders r1 · 1 pass over items\n {2}enrich {2}completed {2}8 done, 2 set aside of 10 items\n/)
  assert.match(
    groups.stdout,
    /^2 items of orders r1 set aside · 1 group\n {2}([0-9a-f]{12}) {2}2 items of enrich\n +error +Error: HTTP 413 for o-7\n +keys +o-3, o-7\n +seen .*2 calls\n +look +waymark items r1 --group \1\n +again +waymark requeue r1 --group \1 {2}or --all\n$/,
  )
  assert.match(shown.stdout, /aside +2 items set aside: waymark items r1 --set-aside/)
  assert.match(item.stdout, /^enrich\/o-7 {2}set aside .* ago · Error: HTTP 413 for o-7\n$/)
  assert.equal(unknown.code, 7)
  assert.match(unknown.stderr, /did you mean enrich\?/)

  const group = /[0-9a-f]{12}/.exec(groups.stdout)?.[0] ?? ''
  const [listed, page, wrong] = await Promise.all([
    project.waymark('items', 'r1', '--group', group.slice(0, 5), '--limit', '1'),
    project.json('items', 'r1', '--group', group),
    project.waymark('items', 'r1', '--group', 'zzzz', '--json'),
  ])
  assert.match(listed.stdout, /enrich\/o-3 {2}1 call, .*\n +item +\{"id":"o-3","size":3\}\n/)
  assert.match(listed.stdout, /more: waymark items r1 --group \w+ --limit 1 --after 'enrich#3:o-3'/)
  for (const line of listed.stdout.split('\n')) assert.ok(line.length <= 80, line)
  const { total, items, next } = page['data'] as { total: number; items: Record<string, unknown>[]; next: unknown }
  assert.deepEqual(
    [total, next, items.map(one => [one['key'], one['calls'], one['payload']])],
    [
      2,
      null,
      [
        ['o-3', 1, { id: 'o-3', size: 3 }],
        ['o-7', 1, { id: 'o-7', size: 7 }],
      ],
    ],
  )
  assert.deepEqual(page['hint'], { command: `waymark requeue r1 --group ${group}` })
  assert.equal(wrong.code, 7)
  assert.equal(JSON.parse(wrong.stdout).error.code, 'not_found')
})

test('--allow-set-aside decides the exit code, and resume of such a run ends like the run', async t => {
  const project = await poisonProject(t)
  const allowed = await project.waymark('run', 'etl.ts', '--run-id', 'r1', '--allow-set-aside', '2', '--json')
  assert.equal(allowed.code, 0)
  const lines = allowed.stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(lines.find(line => line.type === 'run.ended')?.setAside, 2)
  assert.deepEqual([lines.at(-1)?.type, lines.at(-1)?.code], ['exit', 0])
  const [again, fewer] = await Promise.all([
    project.waymark('resume', 'r1'),
    project.waymark('run', 'etl.ts', '--run-id', 'r1', '--allow-set-aside', '1', '-q'),
  ])
  assert.equal(again.code, 4)
  assert.match(again.stdout, /nothing is left to do; 2 items are set aside\n +next: waymark items r1 --set-aside/)
  assert.equal(fewer.code, 4)
})
