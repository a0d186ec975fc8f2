import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { KMS } from '@aws-sdk/client-kms'
import fc from 'fast-check'
import { type AwsKmsOptions, awsKms, type MasterKey } from 'waymark'
import { arnOf, KmsServer, region } from './kms-server.ts'
import { refusedByService } from './refused-by-service.ts'

const id = '1234abcd-12ab-34cd-56ef-1234567890ab'
const storeId = 'store-1'
const quick = { firstPauseMs: 0 }

async function service(t: TestContext) {
  const server = await new KmsServer().start(t)
  const arn = server.addKey(arnOf(id), 'alias/waymark')
  const key = (options: Partial<AwsKmsOptions> = {}): MasterKey =>
    awsKms({ keyId: arn, endpoint: server.address, credentials: server.credentials, ...quick, ...options })
  const refused = (code: 'key_missing' | 'unavailable', message: RegExp, ...secrets: string[]) =>
    refusedByService(code, message, [server.credentials.secretAccessKey, ...secrets])
  return { server, arn, key, refused }
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')

test('E6 AWS KMS wraps a new secret for one store, by requests it finds rightly signed, and gives it back for that store', async t => {
  const { server, arn, key, refused } = await service(t)
  const { secret, settings } = await key().newSecret(storeId)
  assert.equal(secret.length, 32)
  assert.deepEqual([settings['keyId'], settings['region'], Object.keys(settings).length], [arn, region, 3])
  assert.ok(!JSON.stringify(settings).includes(Buffer.from(secret).toString('base64')))
  assert.notEqual(hex((await key().newSecret(storeId)).secret), hex(secret))
  assert.equal(hex(await key().secretFor(settings, storeId)), hex(secret))
  // By alias and by id as well; what the ring keeps is the ARN, whatever the alias stands for later.
  for (const keyId of ['alias/waymark', id]) {
    assert.equal(hex(await key({ keyId, region }).secretFor(settings, storeId)), hex(secret))
    assert.equal((await key({ keyId, region }).newSecret(storeId)).settings['keyId'], arn)
  }
  assert.ok(server.contexts.length >= 6)
  for (const context of server.contexts) assert.deepEqual(context, { 'waymark-store': storeId })
  await assert.rejects(
    key().secretFor(settings, 'store-2'),
    refused('key_missing', /wrapped for another store.*InvalidCiphertext/),
  )
})

test('E6 whatever is changed in what the ring keeps, AWS KMS gives no secret for it', async t => {
  const { key, refused } = await service(t)
  const { secret, settings } = await key().newSecret(storeId)
  const wrapped = Buffer.from(String(settings['wrapped']), 'base64')
  await fc.assert(
    fc.asyncProperty(fc.nat(wrapped.length * 8 - 1), async bit => {
      const changed = Buffer.from(wrapped)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const altered = { ...settings, wrapped: changed.toString('base64') }
      await assert.rejects(
        key().secretFor(altered, storeId),
        refused('key_missing', /InvalidCiphertext|IncorrectKey/, hex(secret)),
      )
    }),
    { numRuns: 12 },
  )
})

test('E6 what AWS KMS does not answer for now is asked again: throttled, failed, cut off, garbage, late', async t => {
  const { server, key } = await service(t)
  const { secret, settings } = await key().newSecret(storeId)
  server.requests.length = 0
  server.faults.push(
    { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } },
    { status: 500, body: { __type: 'KMSInternalException' } },
    { status: 503 },
    { status: 429 },
    'die',
    'garbage',
    'hang',
  )
  assert.equal(hex(await key({ attemptTimeoutMs: 500 }).secretFor(settings, storeId)), hex(secret))
  assert.deepEqual([server.faults.length, server.requests.length >= 8], [0, true])
})

test('E6 AWS KMS is asked for a bounded time, then the store is unavailable and may be opened later', async t => {
  const { server, key, refused } = await service(t)
  const { settings } = await key().newSecret(storeId)
  // The first pause would take longer than all of it may.
  const once = key({ totalTimeoutMs: 2_000, firstPauseMs: 60_000 })
  const late = key({ attemptTimeoutMs: 40, totalTimeoutMs: 100, firstPauseMs: 5 })
  server.fault = { status: 400, body: { __type: 'ThrottlingException' } }
  await assert.rejects(once.secretFor(settings, storeId), refused('unavailable', /ThrottlingException/))
  server.fault = 'hang'
  server.requests.length = 0
  await assert.rejects(late.secretFor(settings, storeId), refused('unavailable', /no answer within \d+ ms/))
  assert.ok(server.requests.length < 100)
  for (const fault of ['garbage', 'short'] as const) {
    server.fault = fault
    await assert.rejects(once.secretFor(settings, storeId), refused('unavailable', /does not give the key/))
  }
  await server.goAway()
  await assert.rejects(once.secretFor(settings, storeId), refused('unavailable', /ECONNREFUSED/))
})

test('E6 what AWS KMS refuses is told with what to do, and not asked again', async t => {
  const { server, arn, key, refused } = await service(t)
  const { settings } = await key().newSecret(storeId)
  const found = server.keys.get(arn)
  assert.ok(found)
  const once = async (asked: MasterKey, message: RegExp) => {
    server.requests.length = 0
    await assert.rejects(asked.secretFor(settings, storeId), refused('key_missing', message))
    assert.equal(server.requests.length, 1)
  }
  server.denied.add('Decrypt')
  await once(key(), /access is denied \(arn:aws:iam::111122223333:user\/ci may not kms:Decrypt\)/)
  server.denied.clear()
  for (const [state, message] of [
    ['Disabled', /it is disabled/],
    ['PendingDeletion', /being deleted/],
    ['Asymmetric', /not a symmetric key/],
  ] as const) {
    found.state = state
    await once(key(), message)
  }
  found.state = 'Enabled'
  server.aliases.set('alias/waymark', server.addKey(arnOf('another')))
  await once(key({ keyId: 'alias/waymark', region }), /another key wrapped \(IncorrectKeyException\)/)
  await once(key({ keyId: 'alias/gone', region }), /no such key/)
  const secretAccessKey = 'anotherSecretAccessKeyThanTheRightOne000'
  await once(key({ credentials: { ...server.credentials, secretAccessKey } }), /does not accept the credentials/)
  await once(key({ credentials: { ...server.credentials, accessKeyId: 'AKIAUNKNOWN' } }), /does not accept the credentials/)
})

test('E6 for an entry of the ring that another key of AWS KMS wrapped, AWS KMS is not asked', async t => {
  const { server, key } = await service(t)
  const { settings } = await key().newSecret(storeId)
  server.requests.length = 0
  for (const keyId of [arnOf('other'), 'other', arnOf(id, 'us-east-1'), arnOf(id).replace('111122223333', '444455556666')])
    assert.equal(await key({ keyId, region }).secretFor(settings, storeId), undefined)
  assert.equal(await key().secretFor({ ...settings, wrapped: 7 }, storeId), undefined)
  assert.equal(server.requests.length, 0)
  // A key of several regions is one key, asked for where it was given.
  server.addKey(arnOf('mrk-1'))
  server.addKey(arnOf('mrk-1', 'us-east-1'))
  const kept = { ...settings, keyId: arnOf('mrk-1') }
  await assert.rejects(key({ keyId: arnOf('mrk-1', 'us-east-1') }).secretFor(kept, storeId))
  assert.match(server.requests[0]?.headers['authorization'] ?? '', /us-east-1\/kms/)
})

test('E6 a signal ends the waiting for AWS KMS, in a request and in a pause', async t => {
  const { server, key } = await service(t)
  const { settings } = await key().newSecret(storeId)
  for (const fault of ['hang', { status: 500 }] as const) {
    server.fault = fault
    const ending = new AbortController()
    const arrived = server.arrival()
    const asked = key({
      signal: ending.signal,
      firstPauseMs: 60_000,
      totalTimeoutMs: 600_000,
      attemptTimeoutMs: 600_000,
    }).secretFor(settings, storeId)
    const ended = assert.rejects(asked, { code: 'cancelled' })
    await arrived
    if (fault !== 'hang') await new Promise(resolve => setTimeout(resolve, 50))
    ending.abort(new Error('enough'))
    await ended
  }
  await assert.rejects(key({ signal: AbortSignal.abort() }).secretFor(settings, storeId), { code: 'cancelled' })
})

test('E6 with a clock an hour behind, the request is signed again with the time of AWS KMS', async t => {
  const { server, key } = await service(t)
  const { secret, settings } = await key().newSecret(storeId)
  server.skewMs = 3_600_000
  server.requests.length = 0
  assert.equal(hex(await key().secretFor(settings, storeId)), hex(secret))
  assert.equal(server.requests.length, 2)
})

test('E6 credentials and secrets are in no error, though AWS KMS says all it was sent', async t => {
  const { server, key } = await service(t)
  const { secret, settings } = await key().newSecret(storeId)
  const credentials = { ...server.credentials, sessionToken: 'FwoGZXIvYXdzEBYaDwaymarkSessionToken' }
  const sent = [
    credentials.secretAccessKey,
    credentials.sessionToken,
    String(settings['wrapped']),
    hex(secret),
    Buffer.from(secret).toString('base64'),
  ]
  for (const type of ['AccessDeniedException', 'InvalidSignatureException', 'FooException', sent[1]]) {
    server.fault = { status: 400, body: { __type: type, message: sent.join(' '), code: sent[1] } }
    await assert.rejects(
      key({ credentials }).secretFor(settings, storeId),
      refusedByService('key_missing', /does not give/, sent),
    )
  }
  server.fault = 'echo'
  await assert.rejects(
    key({ credentials }).secretFor(settings, storeId),
    refusedByService('key_missing', /access is denied/, sent),
  )
  await assert.rejects(key({ credentials }).newSecret(storeId), error => {
    const { Plaintext } = JSON.parse(server.requests.at(-1)?.body ?? '{}')
    assert.equal(typeof Plaintext, 'string')
    return refusedByService('key_missing', /access is denied/, [...sent, Plaintext])(error)
  })
})

test('E6 no secret is taken that AWS KMS does not give back as it was', async t => {
  const { server, key, refused } = await service(t)
  server.denied.add('Decrypt')
  await assert.rejects(key().newSecret(storeId), refused('key_missing', /may not kms:Decrypt/))
  server.denied.clear()
  server.faults.push(undefined, 'lie')
  await assert.rejects(key().newSecret(storeId), refused('unavailable', /not what was asked for/))
})

test('E6 AWS KMS is reached through a client of one’s own, which is not closed', async t => {
  const { server, key } = await service(t)
  const client = new KMS({ region, endpoint: server.address, credentials: server.credentials, maxAttempts: 1 })
  t.after(() => client.destroy())
  const own = awsKms({ keyId: 'alias/waymark', client, ...quick })
  const { secret, settings } = await own.newSecret(storeId)
  assert.equal(hex(await own.secretFor(settings, storeId)), hex(secret))
  assert.equal(hex(await key().secretFor(settings, storeId)), hex(secret))
})

test('E6 what is no key, address, region, client or time for AWS KMS is refused before anything is sent', async t => {
  const { server, arn } = await service(t)
  const wrong: [object, RegExp][] = [
    [{}, /keyId/],
    [{ keyId: '' }, /keyId/],
    [{ keyId: 'arn:aws:s3:::bucket' }, /keyId/],
    [{ keyId: 'PLANTED secret!' }, /keyId/],
    [{ keyId: arn, region: 'evil.example/#' }, /region/],
    [{ keyId: arn, endpoint: 'http://kms.example' }, /no address/],
    [{ keyId: arn, endpoint: 'https://user:PLANTED@kms.example' }, /no address/],
    [
      {
        keyId: arn,
        client: new (class KMSClient {
          send() {}
        })(),
      },
      /client must be/,
    ],
    [{ keyId: arn, totalTimeoutMs: 0 }, /totalTimeoutMs/],
    [{ keyId: arn, firstPauseMs: -1 }, /firstPauseMs/],
    [{ keyId: arn, keyID: arn }, /no option "keyID"/],
  ]
  for (const [options, message] of wrong)
    assert.throws(
      () => awsKms(options as AwsKmsOptions),
      (error: Error) => {
        assert.match(error.message, message)
        assert.ok(!error.message.includes('PLANTED'))
        return 'code' in error && error.code === 'invalid'
      },
    )
  assert.equal(server.requests.length, 0)
})

test('E6 without the package, without credentials and without a region the error says what is missing', () => {
  const script = `
    import { registerHooks } from 'node:module'
    let missing = true
    registerHooks({ resolve(name, context, next) {
      if (missing && name === '@aws-sdk/client-kms') throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    } })
    const { awsKms } = await import('waymark')
    const say = key => key.newSecret('store').catch(error => console.log(error.code, '|', error.message, '|', error.remedy))
    await say(awsKms({ keyId: 'alias/a' }))
    missing = false
    await say(awsKms({ keyId: 'alias/a', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }))
    await say(awsKms({ keyId: 'alias/a', region: 'eu-central-1' }))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=waymark-source', '--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url),
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' },
    encoding: 'utf8',
  })
  const [one, two, three] = stdout.split('\n')
  assert.match(one ?? '', /^unsupported .*@aws-sdk\/client-kms.* npm install @aws-sdk\/client-kms/, stderr)
  assert.match(two ?? '', /^invalid .*region is not known.*AWS_REGION/)
  assert.match(three ?? '', /^key_missing .*no AWS credentials were found.*AWS_PROFILE/)
})
