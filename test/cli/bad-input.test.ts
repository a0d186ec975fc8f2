import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const good = `
import { pipeline } from 'waymark'
export default pipeline('good', run => run.stage('only', () => 1))
`

const withSchema = `
import { pipeline } from 'waymark'
import { z } from 'zod'
export default pipeline('typed', async (run, params) => run.stage('only', () => params), {
  params: z.object({ day: z.string().describe('the day to load'), limit: z.number().default(10) }),
})
`

interface Case {
  readonly claim: string
  readonly files: Readonly<Record<string, string>>
  readonly args: readonly string[]
  readonly exit: number
  readonly code: string
  readonly message: RegExp
  readonly remedy: RegExp
}

const cases: readonly Case[] = [
  {
    claim: 'a missing file, with the near name',
    files: { 'etl.ts': good },
    args: ['run', 'elt.ts'],
    exit: 7,
    code: 'not_found',
    message: /^there is no file elt\.ts; did you mean etl\.ts\?$/,
    remedy: /^waymark run etl\.ts$/,
  },
  {
    claim: 'a file without its ending',
    files: { 'etl.ts': good },
    args: ['run', 'etl'],
    exit: 7,
    code: 'not_found',
    message: /did you mean etl\.ts/,
    remedy: /^waymark run etl\.ts$/,
  },
  {
    claim: 'a folder',
    files: { 'jobs/etl.ts': good },
    args: ['run', 'jobs'],
    exit: 2,
    code: 'invalid',
    message: /^jobs is a folder$/,
    remedy: /Give the file in it/,
  },
  {
    claim: 'a file that exports no pipeline',
    files: { 'a.ts': 'export default { name: 5 }' },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'invalid',
    message: /^the default export of a\.ts is an object and no pipeline$/,
    remedy: /export default pipeline/,
  },
  {
    claim: 'a file that exports nothing as default',
    files: { 'a.ts': 'export const a = 1' },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'invalid',
    message: /^a\.ts has no default export$/,
    remedy: /export default pipeline/,
  },
  {
    claim: 'a pipeline that is exported by another name',
    files: { 'a.ts': good.replace('export default', 'export const mine =') },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'invalid',
    message: /exported as "mine" and not as default/,
    remedy: /^Write: export default mine$/,
  },
  {
    claim: 'a syntax error in TypeScript, with file and line',
    files: { 'a.ts': 'const a: number = 1\nexport default {\n  a: 1,,\n}\n' },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'invalid',
    message: /^a\.ts:3: syntax error: /,
    remedy: /^Correct a\.ts:3\.$/,
  },
  {
    claim: 'a syntax error in JavaScript, with file and line',
    files: { 'a.mjs': 'export default {\n  a: 1,,\n}\n' },
    args: ['run', 'a.mjs'],
    exit: 2,
    code: 'invalid',
    message: /^a\.mjs:2: syntax error: Unexpected token/,
    remedy: /a\.mjs:2/,
  },
  {
    claim: 'a syntax error in a file it imports',
    files: { 'a.ts': "import './part.ts'\n", 'part.ts': '\n\nlet = = 3\n' },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'invalid',
    message: /^part\.ts:3: syntax error/,
    remedy: /part\.ts:3/,
  },
  {
    claim: 'TypeScript that Node cannot run',
    files: { 'a.ts': 'enum A { B }\nexport default A\n' },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'invalid',
    message: /^a\.ts:1: .*enum/,
    remedy: /erasableSyntaxOnly/,
  },
  {
    claim: 'a package that is not installed',
    files: { 'a.ts': "import '@acme/no-such-package/part'\n" },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'invalid',
    message: /^a\.ts imports the package "@acme\/no-such-package", which is not installed$/,
    remedy: /^npm install @acme\/no-such-package$/,
  },
  {
    claim: 'an import of a file that does not exist',
    files: { 'a.ts': "import './helper'\n", 'helper.ts': '' },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'invalid',
    message: /^a\.ts imports helper, which does not exist; did you mean helper\.ts\?$/,
    remedy: /Correct the import in a\.ts/,
  },
  {
    claim: 'a file that throws while it is loaded',
    files: { 'a.ts': 'const a: string[] = []\na[5].trim()\n' },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'invalid',
    message: /^a\.ts threw while it was loaded: TypeError: /,
    remedy: /^Correct a\.ts:2; /,
  },
  {
    claim: 'an unknown flag of another command',
    files: {},
    args: ['ls', '--limt', '3'],
    exit: 2,
    code: 'invalid',
    message: /did you mean --limit/,
    remedy: /waymark ls --help/,
  },
  {
    claim: 'a mistyped flag of run, though the pipeline takes any parameter',
    files: { 'a.ts': good },
    args: ['run', 'a.ts', '--fersh'],
    exit: 2,
    code: 'invalid',
    message: /^--fersh is no flag of Waymark; did you mean --fresh\?$/,
    remedy: /-- --fersh/,
  },
  {
    claim: 'parameters that break the schema, each by its flag',
    files: { 'a.ts': withSchema },
    args: ['run', 'a.ts', '--limit', 'many'],
    exit: 2,
    code: 'invalid',
    message: /--limit: .*expected number.*; --day is missing \(string\)|--day is missing \(string\); --limit: .*expected number/,
    remedy: /^waymark run a\.ts --help lists its parameters$/,
  },
  {
    claim: 'a stage name used twice, naming both places',
    files: {
      'a.ts': `import { pipeline } from 'waymark'
export default pipeline('twice', async run => {
  await run.stage('same', () => 1)
  await run.stage('same', () => 2)
})`,
    },
    args: ['run', 'a.ts'],
    exit: 2,
    code: 'conflict',
    message: /"same" is called twice: at \S*a\.ts:3:\d+ and at \S*a\.ts:4:\d+/,
    remedy: /another name/,
  },
  {
    claim: 'a stage that throws',
    files: {
      'a.ts': `import { pipeline } from 'waymark'
export default pipeline('throws', async run => {
  await run.stage('fine', () => 1)
  await run.stage('broken', () => { throw new RangeError('no such day') })
})`,
    },
    args: ['run', 'a.ts'],
    exit: 3,
    code: 'failed',
    message: /broken failed: no such day/,
    remedy: /./,
  },
  {
    claim: 'an item that throws after its retries, by its key',
    files: {
      'a.ts': `import { pipeline } from 'waymark'
export default pipeline('throws', async run => {
  await run.each('enrich', [{ id: 'o-1' }, { id: 'o-2' }], (item: { id: string }) => {
    if (item.id === 'o-2') throw new Error('no answer')
    return 1
  }, { key: (item: { id: string }) => item.id, retry: { attempts: 2, delayMs: 1 } })
})`,
    },
    args: ['run', 'a.ts'],
    exit: 3,
    code: 'failed',
    message: /item o-2 of enrich failed: no answer/,
    remedy: /./,
  },
  {
    claim: 'an error thrown where nothing waits for it',
    files: {
      'a.ts': `import { pipeline } from 'waymark'
export default pipeline('loose', async run => {
  await run.stage('wait', async () => {
    setTimeout(() => { throw new TypeError('loose end') }, 20)
    await new Promise(resolve => setTimeout(resolve, 60_000))
  })
})`,
    },
    args: ['run', 'a.ts'],
    exit: 3,
    code: 'failed',
    message: /^TypeError: loose end \(thrown where nothing waits for it\)$/,
    remedy: /waymark resume/,
  },
  {
    claim: 'a promise that nothing will settle',
    files: {
      'a.ts': `import { pipeline } from 'waymark'
export default pipeline('dead-end', run => run.stage('wait', () => new Promise(() => {})))`,
    },
    args: ['run', 'a.ts'],
    exit: 3,
    code: 'failed',
    message: /waits for something that cannot happen any more/,
    remedy: /waymark resume/,
  },
  {
    claim: 'a pipeline that ends its process',
    files: {
      'a.ts': `import { pipeline } from 'waymark'
export default pipeline('exits', run => run.stage('quit', () => process.exit(0)))`,
    },
    args: ['run', 'a.ts'],
    exit: 3,
    code: 'failed',
    message: /the process exited with code 0 before the run ended/,
    remedy: /waymark resume/,
  },
  {
    claim: 'a store path that is a file',
    files: { 'a.ts': good, plain: 'text' },
    args: ['run', 'a.ts', '--store', 'plain'],
    exit: 2,
    code: 'invalid',
    message: /plain is not a folder/,
    remedy: /--store PATH/,
  },
  {
    claim: 'a store inside a file',
    files: { 'a.ts': good, plain: 'text' },
    args: ['run', 'a.ts', '--store', 'plain/store'],
    exit: 2,
    code: 'invalid',
    message: /is not a folder/,
    remedy: /./,
  },
  {
    claim: 'a command that needs a store where there is none',
    files: {},
    args: ['show', '@last', '--store', 'nowhere'],
    exit: 7,
    code: 'not_found',
    message: /there is no store at .*nowhere/,
    remedy: /waymark run FILE/,
  },
  {
    claim: 'a config file with an unknown option',
    files: { 'waymark.config.ts': 'export default { stroe: "x" }' },
    args: ['where'],
    exit: 2,
    code: 'invalid',
    message: /waymark\.config\.ts:1:18 has an option "stroe".*did you mean store/,
    remedy: /waymark\.config\.ts/,
  },
]

for (const one of cases) {
  test(`one clear error with code, remedy and exit ${one.exit} for ${one.claim}`, async t => {
    const project = await WaymarkProject.create(t, one.files)
    const plain = project.waymark(...one.args)
    // Two calls that begin a run would be in each other's way.
    if (one.code !== 'invalid' && one.code !== 'not_found') await plain
    const [forPeople, forPrograms] = await Promise.all([plain, project.waymark(...one.args, '--json')])

    assert.equal(forPeople.code, one.exit, forPeople.stderr)
    assert.match(forPeople.stderr, new RegExp(`^error ${one.code} {2}\\S`, 'm'))
    assert.equal(forPeople.stderr.match(/^error /gm)?.length, 1, forPeople.stderr)
    assert.doesNotMatch(forPeople.stderr, /node:internal/)

    assert.equal(forPrograms.code, one.exit)
    const last = jsonLines(forPrograms.stdout).at(-1)
    assert.equal(last?.['ok'], false)
    if (last?.['type'] === 'exit') assert.equal(last['code'], one.exit)
    const error = last?.['error'] as { code: string; message: string; remedy: string; means: string }
    assert.equal(error.code, one.code)
    assert.match(error.message, one.message)
    assert.match(error.remedy, one.remedy)
    assert.ok(error.means.length > 0)

    // Whatever went wrong, the store of the project opens, and works.
    if (one.code === 'invalid' && !one.claim.includes('store')) return
    await project.write('good.ts', good)
    const after = await project.waymark('run', 'good.ts', '--quiet')
    assert.equal(after.code, 0, after.stderr)
  })
}

test('a store that cannot be written is refused with the reason', { skip: process.platform !== 'linux' }, async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': good })
  // Nobody may make a folder here, not even root.
  const { code, stderr } = await project.waymark('run', 'a.ts', '--store', '/sys/waymark-test')
  assert.equal(code, 8, stderr)
  assert.match(stderr, /error unavailable .*\/sys\/waymark-test/)
})

test('a store of a newer format is refused, and left as it is', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': good })
  await project.waymark('run', 'a.ts', '--quiet')
  const descriptor = JSON.parse(await project.read('.waymark/waymark.json'))
  const { checksum: _checksum, ...body } = { ...descriptor, format: { major: 99, minor: 0 } }
  const newer = JSON.stringify({ ...body, checksum: createHash('sha256').update(JSON.stringify(body)).digest('hex') })
  await project.write('.waymark/waymark.json', newer)
  const { code, stderr } = await project.waymark('run', 'a.ts')
  assert.equal(code, 2, stderr)
  assert.match(stderr, /error unsupported .*format 99\.0/)
  assert.equal(await project.read('.waymark/waymark.json'), newer)
})

test('the help of a file with a schema lists its parameters, and a broken file is an error there too', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': withSchema, 'b.ts': 'export default 3' })
  const help = await project.waymark('run', 'a.ts', '--help')
  assert.equal(help.code, 0, help.stderr)
  assert.match(
    help.stdout,
    /Parameters of typed \(a\.ts\)\n {2}--day +the day to load \(string, required\)\n {2}--limit +number, default 10\n/,
  )
  const broken = await project.waymark('run', 'b.ts', '--help')
  assert.equal(broken.code, 2)
  assert.match(broken.stderr, /is a number and no pipeline/)
})

test('typed parameters reach the pipeline as its schema wants them, and are remembered for resume', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': withSchema })
  const { code, stdout } = await project.waymark('run', 'a.ts', '--day', '2026-11-20', '--limit', '3', '--json')
  assert.equal(code, 0, stdout)
  assert.deepEqual(jsonLines(stdout).find(line => line['type'] === 'result')?.['value'], { day: '2026-11-20', limit: 3 })
})
