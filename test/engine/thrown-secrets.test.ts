import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, pipeline, WaymarkError } from 'waymark'
import { storeError } from '../../src/engine/stored-error.ts'

class Answer {
  readonly status = 403
  readonly accessToken = 'tok-of-a-class'
}

const withDetails = new WaymarkError('invalid', {
  message: 'm',
  means: 'n',
  remedy: 'r',
  details: { headers: { authorization: 'auth-in-details' }, at: 7 },
})

test('D11 what is thrown and is no Error, a cause that is none, and details are kept without what looks like a secret by its name', () => {
  const jsonOf = (error: unknown): string => JSON.stringify(storeError(error))
  assert.equal(storeError({ token: 'tok-thrown', at: 7 }).message, '{"token":"•••","at":7}')
  assert.equal(storeError(new Answer()).message, '{"status":403,"accessToken":"•••"}')
  assert.equal(storeError(new Error('x', { cause: { password: 'pw-cause' } })).cause?.message, '{"password":"•••"}')
  assert.equal(storeError({ toJSON: () => ({ clientSecret: 'from-to-json' }) }).message, '{"clientSecret":"•••"}')
  assert.deepEqual(storeError(withDetails).waymark?.details, { headers: { authorization: '•••' }, at: 7 })
  assert.deepEqual(jsonOf(withDetails).match(/auth-in-details/), null)
})

test('D11 of the text of an error the password of a URL, a key in its query and a bearer token are not kept, in its stack neither, and words are', () => {
  const said = storeError(
    new Error(
      'GET https://u:pw-of-url@h/?api_key=key-in-query&x=1&access_token=tok-in-query failed, sent Authorization: Bearer bearer-tok-7 and "bearer abc123def"',
    ),
  )
  for (const secret of ['pw-of-url', 'key-in-query', 'tok-in-query', 'bearer-tok-7', 'abc123def'])
    assert.ok(!JSON.stringify(said).includes(secret), `${secret} is in ${JSON.stringify(said)}`)
  assert.match(said.message, /\?api_key=•••&x=1&access_token=••• failed/)
  const words = 'the bearer certificate is old; authorization: refused for everyone; is a=b? c&d=e'
  assert.equal(storeError(new Error(words)).message, words)
})

const secrets = ['tok-thrown-by-item', 'deep-cause-password', 'mail-by-its-path', 'named-by-the-item']

test('D11 a pipeline that throws objects, or Errors with objects as their causes, records no secret of them anywhere, by name or by the paths of redact', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-thrown-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = await open({ path: join(folder, '.waymark') })
  t.after(() => store.close())
  const fails = pipeline(
    'fails',
    async run => {
      await run.each(
        'items',
        [{ id: 'a', password: 'named-by-the-item' }],
        item => {
          const error = new Error('m')
          error.name = `Named ${item.password}`
          throw Object.assign(error, { cause: { token: 'tok-thrown-by-item' } })
        },
        { key: ({ id }) => id, tolerate: { count: 2 }, retry: { attempts: 2, delayMs: 1 } },
      )
      await run.stage('end', () => {
        throw new Error(`boom deep-cause-password mail-by-its-path`, {
          cause: new Error('inner', { cause: { password: 'deep-cause-password', email: 'mail-by-its-path' } }),
        })
      })
    },
    { redact: ['items.*.password', '**.email'] },
  )
  await assert.rejects(fails.run({}, { store }))
  const recorded: string[] = []
  for await (const event of store.eachEvent({})) recorded.push(JSON.stringify(event))
  for (const checkpoint of await store.list())
    recorded.push(JSON.stringify((await store.load(checkpoint.id).catch(() => undefined))?.value ?? null))
  assert.ok(recorded.length > 5)
  for (const secret of secrets) assert.ok(!recorded.join('\n').includes(secret), `${secret} is recorded`)
})
