import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type MasterKey, type VaultTransitOptions, vaultTransit } from 'waymark'
import { namedKey } from '../../src/seal/named-key.ts'
import { refusedByService } from './refused-by-service.ts'
import { VaultServer } from './vault-server.ts'

const storeId = 'store-1'

async function service(t: TestContext) {
  const server = await new VaultServer().start(t)
  server.addKey('waymark')
  const key = (options: Partial<VaultTransitOptions> = {}): MasterKey =>
    vaultTransit({ address: server.address, key: 'waymark', token: server.token, firstPauseMs: 0, ...options })
  const refused = (code: 'key_missing' | 'unavailable', message: RegExp, ...secrets: string[]) =>
    refusedByService(code, message, [server.token, ...secrets])
  return { server, key, refused }
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')

test('E6 Vault wraps a new secret for one store, by a plain key or a derived one, and gives it back for that store', async t => {
  const { server, key, refused } = await service(t)
  server.addKey('derived', true)
  for (const name of ['waymark', 'derived']) {
    const named = key({ key: name })
    const { secret, settings } = await named.newSecret(storeId)
    const { wrapped, ...said } = settings
    assert.deepEqual(said, { address: server.address, mount: 'transit', key: name })
    assert.match(String(wrapped), /^vault:v1:/)
    assert.notEqual(hex((await named.newSecret(storeId)).secret), hex(secret))
    assert.equal(hex(await named.secretFor(settings, storeId)), hex(secret))
    await assert.rejects(
      named.secretFor(settings, 'store-2'),
      refused('key_missing', /belongs to another store \(HTTP 400, cipher/),
    )
  }
})

test('E6 whatever is changed in what the ring keeps, Vault gives no secret for it', async t => {
  const { key, refused } = await service(t)
  const { secret, settings } = await key().newSecret(storeId)
  const wrapped = Buffer.from(String(settings['wrapped']).slice('vault:v1:'.length), 'base64')
  await fc.assert(
    fc.asyncProperty(fc.nat(wrapped.length * 8 - 1), async bit => {
      const changed = Buffer.from(wrapped)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const altered = { ...settings, wrapped: `vault:v1:${changed.toString('base64')}` }
      await assert.rejects(key().secretFor(altered, storeId), refused('key_missing', /was changed/, hex(secret)))
    }),
    { numRuns: 12 },
  )
})

test('E6 what Vault does not answer for now is asked again: rate limited, failed, behind, cut off, garbage, late', async t => {
  const { server, key } = await service(t)
  const { secret, settings } = await key().newSecret(storeId)
  server.requests.length = 0
  server.faults.push(
    { status: 429 },
    { status: 500 },
    { status: 502 },
    { status: 503, body: { errors: ['maintenance'] } },
    { status: 412 },
  )
  server.faults.push('die', 'garbage', 'endless', 'hang')
  assert.equal(hex(await key({ attemptTimeoutMs: 1_000 }).secretFor(settings, storeId)), hex(secret))
  assert.deepEqual([server.faults.length, server.requests.length >= 10], [0, true])
})

test('E6 Vault is asked for a bounded time, then the store is unavailable and may be opened later', async t => {
  const { server, key, refused } = await service(t)
  const { settings } = await key().newSecret(storeId)
  // The first pause would take longer than all of it may.
  const once = key({ totalTimeoutMs: 2_000, firstPauseMs: 60_000 })
  const late = key({ attemptTimeoutMs: 40, totalTimeoutMs: 100, firstPauseMs: 5 })
  const cases = [
    [
      { status: 429, body: { errors: ['request path "transit/decrypt/waymark": rate limit quota exceeded'] } },
      /HTTP 429, .*rate limit/,
    ],
    [{ status: 500 }, /HTTP 500/],
    ['garbage', /its answer is not what was asked for/],
    ['short', /its answer is not what was asked for/],
    ['endless', /its answer is not what was asked for/],
  ] as const
  for (const [fault, message] of cases) {
    server.fault = fault
    await assert.rejects(once.secretFor(settings, storeId), refused('unavailable', message))
  }
  server.fault = 'hang'
  await assert.rejects(late.secretFor(settings, storeId), refused('unavailable', /no answer within \d+ ms/))
  // The last request has no time left to say anything.
  server.fault = 'hang'
  server.faults.push({ status: 429 })
  const cut = key({ totalTimeoutMs: 1_500 })
  await assert.rejects(cut.secretFor(settings, storeId), refused('unavailable', /HTTP 429/))
  await server.goAway()
  await assert.rejects(once.secretFor(settings, storeId), refused('unavailable', /ECONNREFUSED|UND_ERR_SOCKET/))
})

test('E6 what Vault refuses is told with what to do, and not asked again', async t => {
  const { server, key, refused } = await service(t)
  const { settings } = await key().newSecret(storeId)
  const once = async (asked: MasterKey, message: RegExp, secret = server.token, kept = settings) => {
    server.requests.length = 0
    await assert.rejects(asked.secretFor(kept, storeId), refused('key_missing', message, secret))
    assert.equal(server.requests.length, 1)
  }
  await once(key({ token: 'hvs.wrongTokenPLANTED' }), /permission is denied \(HTTP 403/, 'hvs.wrongTokenPLANTED')
  server.denied.add('decrypt')
  await once(key(), /permission is denied/)
  server.denied.clear()
  server.isSealed = true
  await once(key(), /Vault is sealed \(HTTP 503/)
  server.isSealed = false
  server.mount = 'elsewhere'
  await once(key(), /no such transit engine \(HTTP 404/)
  await once(key({ mount: 'a/b' }), /no such transit engine/, server.token, { ...settings, mount: 'a/b' })
  server.mount = 'transit'
  server.keys.clear()
  await once(key(), /encryption key not found/)
  server.addKey('waymark')
  await once(key(), /message authentication failed/)
})

test('E6 for an entry of the ring of another key of Vault, Vault is not asked', async t => {
  const { server, key } = await service(t)
  const { settings } = await key().newSecret(storeId)
  server.requests.length = 0
  for (const options of [{ key: 'other' }, { mount: 'other' }])
    assert.equal(await key(options).secretFor(settings, storeId), undefined)
  assert.equal(await key().secretFor({ ...settings, wrapped: 7 }, storeId), undefined)
  assert.equal(server.requests.length, 0)
})

test('E6 the token of Vault goes to the address that was given, and is not taken along to another', async t => {
  const { server, key, refused } = await service(t)
  const { settings } = await key().newSecret(storeId)
  const other = await new VaultServer().start(t)
  for (const status of [301, 302, 307, 308]) {
    server.fault = { status, headers: { location: `${other.address}/v1/transit/decrypt/waymark` } }
    await assert.rejects(key().secretFor(settings, storeId), refused('key_missing', /leads to another address \(HTTP 30/))
  }
  assert.equal(other.requests.length, 0)
})

test('E6 mount, namespace and token of Vault are those given, else of the environment, read anew each time', async t => {
  const { server, key, refused } = await service(t)
  server.mount = 'teams/transit'
  server.namespace = 'ns1/team'
  t.after(() => {
    delete process.env['VAULT_TOKEN']
    delete process.env['VAULT_NAMESPACE']
  })
  const { secret, settings } = await key({ mount: 'teams/transit', namespace: 'ns1/team' }).newSecret(storeId)
  assert.deepEqual([settings['mount'], settings['namespace']], ['teams/transit', 'ns1/team'])
  const ambient = namedKey(`vault:${server.address}/teams/transit/waymark`)
  process.env['VAULT_TOKEN'] = ''
  await assert.rejects(ambient.secretFor(settings, storeId), refused('key_missing', /no token/))
  process.env['VAULT_TOKEN'] = 'two\nlines'
  await assert.rejects(ambient.secretFor(settings, storeId), refused('key_missing', /no token/, 'two\nlines'))
  process.env['VAULT_TOKEN'] = `${server.token}\n`
  process.env['VAULT_NAMESPACE'] = 'ns1/team'
  assert.equal(hex(await ambient.secretFor(settings, storeId)), hex(secret))
})

test('E6 token and secret are in no error, though Vault says all it was sent', async t => {
  const { server, key } = await service(t)
  const { secret, settings } = await key().newSecret(storeId)
  const sent = [server.token, String(settings['wrapped']), hex(secret), Buffer.from(secret).toString('base64')]
  server.fault = 'echo'
  await assert.rejects(key().secretFor(settings, storeId), refusedByService('key_missing', /permission is denied/, sent))
  await assert.rejects(key().newSecret(storeId), error => {
    const { plaintext } = JSON.parse(server.requests.at(-1)?.body ?? '{}')
    assert.equal(typeof plaintext, 'string')
    return refusedByService('key_missing', /permission is denied.*•••/, [...sent, plaintext])(error)
  })
})

test('E6 no secret is taken that Vault does not give back as it was', async t => {
  const { server, key, refused } = await service(t)
  server.denied.add('decrypt')
  await assert.rejects(key().newSecret(storeId), refused('key_missing', /permission is denied/))
  server.denied.clear()
  for (const faults of [[undefined, 'lie'], [{ status: 200, body: { data: { ciphertext: 'not wrapped' } } }]] as const) {
    server.faults.push(...faults)
    await assert.rejects(key().newSecret(storeId), refused('unavailable', /not what was asked for/))
  }
})

test('E6 a signal ends the waiting for Vault', async t => {
  const { server, key } = await service(t)
  const { settings } = await key().newSecret(storeId)
  server.fault = 'hang'
  const ending = new AbortController()
  const arrived = server.arrival()
  const impatient = { totalTimeoutMs: 2_000, firstPauseMs: 60_000 }
  const ended = assert.rejects(key({ signal: ending.signal, ...impatient }).secretFor(settings, storeId), { code: 'cancelled' })
  await arrived
  ending.abort()
  await ended
})

test('E6 what is no address, name or time for Vault is refused before anything is sent, and not shown', async t => {
  const { server } = await service(t)
  const { address } = server
  const wrong: [object, RegExp][] = [
    [{ address }, /key, mount and namespace/],
    [{ key: 'waymark' }, /no address/],
    [{ address: 'http://vault.example:8200', key: 'waymark' }, /no address/],
    [{ address: 'http://127.0.0.1.example:8200', key: 'waymark' }, /no address/],
    [{ address: 'https://me:PLANTED@vault.example', key: 'waymark' }, /no address/],
    [{ address: 'https://vault.example?token=PLANTED', key: 'waymark' }, /no address/],
    [{ address: 'PLANTED', key: 'waymark' }, /no address/],
    [{ address, key: 'PLANTED secret' }, /key, mount and namespace/],
    [{ address, key: 'a/b' }, /key, mount and namespace/],
    [{ address, key: '..' }, /key, mount and namespace/],
    [{ address, key: 'waymark', mount: '../sys' }, /key, mount and namespace/],
    [{ address, key: 'waymark', mount: 'a//b' }, /key, mount and namespace/],
    [{ address, key: 'waymark', namespace: 'a\nb' }, /key, mount and namespace/],
    [{ address, key: 'waymark', token: '' }, /token must be/],
    [{ address, key: 'waymark', attemptTimeoutMs: 0 }, /attemptTimeoutMs/],
    [{ address, keys: 'waymark' }, /no option "keys"/],
  ]
  for (const [options, message] of wrong)
    assert.throws(
      () => vaultTransit(options as VaultTransitOptions),
      (error: Error) => {
        assert.match(error.message, message)
        assert.ok(!error.message.includes('PLANTED'))
        return 'code' in error && error.code === 'invalid'
      },
    )
  assert.equal(server.requests.length, 0)
})

test('E6 keys of services are named by their place, and a name that is none is not shown', () => {
  const { kind, description } = namedKey('vault:https://vault.example:8200/waymark')
  assert.deepEqual([kind, description], ['vault', 'the Vault key https://vault.example:8200/transit/waymark'])
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
  assert.deepEqual(
    [namedKey(`aws-kms:${arn}`).kind, namedKey(`aws-kms:${arn}`).description],
    ['aws-kms', `the AWS KMS key ${arn}`],
  )
  for (const text of [
    'vault:',
    'vault:PLANTED',
    'vault:https://h:8200',
    'vault:https://h:8200/',
    'vault:https://h/PLANTED%20',
    'vault:https://u:PLANTED@h/k',
    'vault:http://h/PLANTED',
    'aws-kms:',
    'aws-kms:PLANTED key',
  ])
    assert.throws(
      () => namedKey(text),
      (error: Error) => 'code' in error && error.code === 'invalid' && !error.message.includes('PLANTED'),
      text,
    )
})
