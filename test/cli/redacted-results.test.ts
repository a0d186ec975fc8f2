import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answersTo } from './answers-to.ts'
import { type Ended, WaymarkProject } from './waymark-project.ts'

/** What stages and items return, each hidden by its name or by `redact`. */
const secrets = {
  password: 'ZZSECRETPASS',
  email: 'zz.anna@example.org',
  nested: 'nested-api-key-1',
  item: 'token-of-item-b',
  cell: 'cell-password-7',
  arrow: 'arrow-password-9',
}

const pipelineFile = `
import { pipeline, table } from 'waymark'
import { tableFromArrays } from ${JSON.stringify(import.meta.resolve('apache-arrow'))}
const secrets = ${JSON.stringify(secrets)}
export default pipeline('crawl', async run => {
  const cred = await run.stage('login', () => ({ user: 'u1', password: secrets.password, email: secrets.email }))
  console.log('with ' + cred.password + ' as ' + cred.email)
  console.error('stderr: ' + cred.password)
  const people = await run.stage('people', () => table([{ id: 1, email: secrets.email }, { id: 2, email: 'zz.bert@example.org', password: secrets.cell }]))
  console.log('cell ' + people[1].password)
  const columns = await run.stage('columns', () => table(tableFromArrays({ id: Int32Array.of(1), password: [secrets.arrow] })))
  console.log('arrow ' + columns.getChild('password').get(0))
  const pass = await run.each('items', ['a', 'b'], async (item, ctx) => {
    const { apiKey } = await ctx.stage('key', () => ({ apiKey: secrets.nested }))
    console.log('nested ' + apiKey)
    return { token: 'token-of-item-' + item }
  }, { key: item => item })
  const [, { token }] = await pass.results().toArray()
  await run.stage('end', () => {
    throw new Error('refused for ' + cred.password + ' / ' + cred.email + ' / ' + token + ' / ' + people[1].password, { cause: new Error('because of ' + cred.password) })
  })
}, { redact: ['**.email'] })
`

function shown({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): string[] {
  const text = stdout + stderr
  return Object.entries({ ...secrets, other: 'zz.bert@example.org' }).flatMap(([name, secret]) =>
    text.includes(secret) ? [name] : [],
  )
}

test('D11 what stages and items returned is hidden as text in lines, events and errors, by the run that made it, by one that finds it recorded, and by every later command', async t => {
  const project = await WaymarkProject.create(t, { 'crawl.ts': pipelineFile })
  const plain = await project.waymark('run', 'crawl.ts', '--run-id', 'r1')
  assert.equal(plain.code, 3, plain.stderr)
  const json = await project.waymark('resume', 'r1', '--json')
  assert.deepEqual([shown(plain), shown(json)], [[], []], plain.stdout + plain.stderr + json.stdout)
  for (const line of ['with ••• as •••', 'cell •••', 'arrow •••', 'nested •••']) assert.ok(plain.stdout.includes(line), line)
  for (const line of ['stderr: •••', 'refused for ••• / ••• / ••• / •••', 'because of •••'])
    assert.ok(plain.stderr.includes(line), line)
  assert.match(json.stdout, /refused for ••• \/ ••• \/ ••• \/ •••/)

  const commands = [
    ['ls'],
    ['show', 'r1'],
    ['show', 'r1/end'],
    ['show', 'r1/people'],
    ['checkpoints', 'r1'],
    ['events', 'r1'],
    ['events', 'r1', '--raw'],
    ['report', 'r1'],
    ['report', 'r1', '--format', 'html'],
    ['report', 'r1', '--format', 'md'],
    ['diff', 'r1#1', 'r1#2'],
    ['diff', 'r1', 'r1'],
    ['resume', 'r1', '--plan'],
  ]
  const asked = commands.flatMap(command => [command, [...command, '--json']])
  const answers = await answersTo(project, asked)
  const leaks = answers.flatMap((answer, at) => {
    const names = shown(answer)
    return names.length === 0 ? [] : [`${asked[at]?.join(' ')}: ${names.join(', ')}\n${answer.stdout}${answer.stderr}`]
  })
  assert.deepEqual(leaks, [])
  assert.match(answers[asked.findIndex(one => one.join(' ') === 'show r1')]?.stdout ?? '', /refused for ••• \/ •••/)
})

test('D11 the facts of a column of secrets are not told while the run goes on either', async t => {
  const project = await WaymarkProject.create(t, { 'crawl.ts': pipelineFile })
  const { stdout } = await project.waymark('run', 'crawl.ts', '--run-id', 'r1', '--json')
  const told = stdout
    .split('\n')
    .filter(line => line.includes('"stage.completed"') && line.includes('"people"'))
    .map(line => JSON.parse(line))
  assert.equal(told.length, 1)
  const columns = told[0].data?.checkpoint?.tables?.[0]?.facts?.columns ?? told[0].checkpoint?.tables?.[0]?.facts?.columns
  assert.deepEqual(
    columns.map((column: object) => ['min' in column, 'max' in column]),
    [
      [true, true],
      [false, false],
      [false, false],
    ],
  )
})
