import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answersTo, inProject } from './answers-to.ts'
import { type Ended, WaymarkProject } from './waymark-project.ts'

/** Secrets of the pipeline below: by a name that says so, and by its `redact`. */
const secrets = {
  token: 'tok-4f9a77c1',
  login: 'anna <lager-login>',
  pin: 'pin-of-item-882',
  password: 'it\'s-a-pass"word',
  session: 'sess-5512-aa',
  cookie: 'choc-chip-99123',
  number: 77_441_190,
  owner: 'owner-mail@example',
  seat: 'seat-no-44-b',
  cell: 'cell-secret-0815',
}

const pipelineFile = `
import { pipeline, table } from 'waymark'
export default pipeline('crawl', async (run, params) => {
  console.log('logging in as ' + params.login + ' with ' + params.token)
  console.error('to stderr: ' + params.token)
  await run.stage('login', () => ({ user: 'u1', session: ${JSON.stringify(secrets.session)}, apiKey: ${secrets.number}, cookies: { cookie: ${JSON.stringify(secrets.cookie)} } }))
  await run.stage('people', () => table([{ id: 1, password: ${JSON.stringify(secrets.cell)} }, { id: 2, password: ${JSON.stringify(`${secrets.cell}-2`)} }]))
  const items = run.stage('items', () => [{ id: 'a', pin: ${JSON.stringify(secrets.pin)}, password: ${JSON.stringify(secrets.password)} }, { id: 'b', pin: '-', password: '-' }])
  await run.each('fetch', items, item => {
    if (item.id === 'a') throw new Error('cannot open ' + item.id + ' with ' + item.pin + ' and ' + item.password)
    return item.id
  }, { key: item => item.id, tolerate: { count: 5 }, retry: { attempts: 2, delayMs: 1 } })
  await run.stage('end', () => { throw new Error('the server said: 403 for ' + params.token + ' of ' + params.login) })
}, { redact: ['params.login', 'items.*.pin', 'value.session', 'value.*.pin', 'metadata.nobody'] })
`

const saving = `
import { open } from 'waymark'
const store = await open({ path: '.waymark' })
await store.save({ value: 1, id: 'noted', metadata: { owner: ${JSON.stringify(secrets.owner)}, password: ${JSON.stringify(secrets.password)} } })
for (const [id, by] of [['m0', 'x'], ['m1', ${JSON.stringify(secrets.seat)}], ['m2', ${JSON.stringify(`${secrets.seat} or so`)}]])
  await store.save({ id, value: { seat: by, cookie: by } })
await store.close()
`

/** What stands for a secret in JSON, in HTML, in a URL. */
const formsOf = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  secret.replaceAll("'", "\\\\'"),
  secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
]

function shown({ stdout, stderr }: Ended): string[] {
  const text = stdout + stderr
  return Object.entries(secrets).flatMap(([name, secret]) =>
    formsOf(String(secret)).some(form => text.includes(form)) ? [name] : [],
  )
}

async function crawled(t: Parameters<typeof WaymarkProject.create>[0]) {
  const project = await WaymarkProject.create(t, { 'crawl.ts': pipelineFile })
  const params = ['--token', secrets.token, '--login', secrets.login]
  const plain = await project.waymark('run', 'crawl.ts', '--run-id', 'r1', ...params)
  const json = await project.waymark('run', 'crawl.ts', '--run-id', 'r2', ...params, '--json')
  return { project, plain, json }
}

test('D11 no command shows what looks like a secret or is redacted, as text or as JSON, in values, errors, lines of the pipeline and pages', async t => {
  const { project, plain, json } = await crawled(t)
  assert.equal(plain.code, 3, plain.stderr)
  assert.deepEqual([shown(plain), shown(json)], [[], []])
  assert.match(plain.stdout, /logging in as ••• with •••/)
  assert.match(plain.stderr, /the server said: 403 for ••• of •••/)

  const { data } = await project.json('checkpoints', 'r1')
  const ids = new Map(
    (data as { checkpoints: { id: string; stage?: string }[] }).checkpoints.map(one => [one.stage ?? '', one.id]),
  )
  const [login = '', people = '', items = ''] = ['login', 'people', 'items'].map(stage => ids.get(stage))
  await project.write('waymark.config.json', '{ "redact": ["metadata.owner", "value.seat"] }')
  await project.write('save.mjs', saving)
  inProject(project.path, 'save.mjs')

  const commands = [
    ['ls'],
    ['show', 'r1'],
    ['show', 'r1/fetch'],
    ['show', 'r1/fetch/a'],
    ['show', 'r1/people'],
    ['show', login, '--value'],
    ['show', login, '--path', 'session'],
    ['show', login, '--path', 'apiKey'],
    ['show', login, '--path', 'cookies'],
    ['show', people],
    ['show', people, '--value'],
    ['show', items, '--value'],
    ['show', 'noted'],
    ['checkpoints', 'r1'],
    ['events', 'r1'],
    ['events', 'r1', '--raw'],
    ['report'],
    ['report', 'r1'],
    ['report', 'r1', '--format', 'html'],
    ['report', 'r1', '--format', 'md'],
    ['items', 'r1'],
    ['items', 'r1', '--set-aside'],
    ['items', 'r1/fetch/a'],
    ['diff', 'r1', 'r2'],
    ['diff', 'm1', 'm2'],
    ['diff', 'r1/login', '--key', 'session', '--runs', '--all'],
    ['merge', 'm0', 'm1', 'm2'],
    ['query', "select * from checkpoint('r1/people')"],
    ['fork', 'r1', '--before', 'end'],
    ['requeue', 'r1', '--all', '--dry-run'],
    ['reset', 'r1/end', '--dry-run'],
    ['cleanup', '--dry-run'],
    ['where'],
    ['stats'],
    ['verify'],
    ['resume', 'r1', '--plan'],
    ['resume', 'r2', '--debug'],
    ['pin', 'noted', '--name', 'a'],
    ['pin', 'noted', '--name', 'b'],
    ['pause', 'r1'],
    ['cancel', 'r1'],
    ['export', 'r1', '--out', '-'],
  ]
  const asked = commands.flatMap(command => [command, [...command, '--json']])
  asked.push(['unpin', 'noted', '--name', 'a'], ['unpin', 'noted', '--name', 'b', '--json'])
  const answers = await answersTo(project, asked)
  const leaks = answers.flatMap((answer, at) => {
    const names = shown(answer)
    return names.length === 0 ? [] : [`${asked[at]?.join(' ')}: ${names.join(', ')}\n${answer.stdout}${answer.stderr}`]
  })
  assert.deepEqual(leaks, [])
  // No command was refused or broke instead of showing something.
  const wrong = answers.flatMap(({ code, stderr, stdout }, at) =>
    [2, 7, 70].includes(code ?? 0) ? [[asked[at], stdout, stderr]] : [],
  )
  assert.deepEqual(wrong, [])
  assert.equal(answers.length, asked.length)
  const answerOf = (...command: string[]): string =>
    answers[asked.findIndex(one => one.join(' ') === command.join(' '))]?.stdout ?? ''
  assert.match(answerOf('show', login, '--value'), /user: 'u1', session: '•••', apiKey: '•••'/)
  assert.deepEqual(JSON.parse(answerOf('show', login, '--path', 'session', '--json')).data.value, '•••')
  assert.match(answerOf('items', 'r1', '--set-aside'), /cannot open a with ••• and •••/)
  assert.match(answerOf('report', 'r1', '--format', 'html'), /403 for ••• of •••/)
  assert.match(answerOf('show', 'noted'), /owner +•••/)
})

test('D11 redaction is about showing: what is exported, loaded and given to the pipeline again is what was saved', async t => {
  const { project } = await crawled(t)
  const exported = await project.waymark('export', 'r1/login', '--format', 'json', '--out', '-')
  assert.equal(JSON.parse(exported.stdout).session, secrets.session)
  await project.write(
    'm.mjs',
    `import { open } from 'waymark'
    const store = await open({ path: '.waymark' })
    for (const [id, password] of [['m1', 'first-password'], ['m2', 'second-password']]) await store.save({ id, value: { password } })
    await store.close()`,
  )
  inProject(project.path, 'm.mjs')
  const secretsShown = await project.waymark('diff', 'm1', 'm2', '--show-secrets')
  assert.match(secretsShown.stdout, /first-password.*second-password/s)
  const resumed = await project.waymark('resume', 'r1')
  assert.match(resumed.stderr, /the server said: 403 for ••• of •••/)
  assert.doesNotMatch(resumed.stderr, /undefined/)
})

test('D11 the config redacts for all pipelines, dots are stars where the terminal has none, and a path that cannot be read is refused', async t => {
  const project = await WaymarkProject.create(t, {
    'p.ts': `import { pipeline, table } from 'waymark'
      export default pipeline('p', async run => run.stage('s', () => ({ note: 'a note to hide', other: 1, people: table([{ id: 1, password: 'in-a-column' }]) })))`,
    'waymark.config.json': '{ "redact": ["value.note"] }',
  })
  const ran = await project.waymark('run', 'p.ts', '--run-id', 'r1')
  assert.match(ran.stdout, /note: '•••'/)
  const ascii = await project.start(['show', 'r1/s', '--value'], { LANG: 'C' }).ended
  assert.ok(!(ran.stdout + ascii.stdout).includes('a note to hide'))
  assert.ok(!(ran.stdout + ascii.stdout).includes('in-a-column'))
  await project.write('waymark.config.json', '{ "redact": ["value..note"] }')
  const refused = await project.waymark('ls')
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /waymark\.config\.json:1:4: redact cannot be read/)
})
