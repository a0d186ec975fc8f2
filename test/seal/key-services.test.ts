import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { awsKms, type KeyServiceOptions, keyFile, type MasterKey, open, type Store, vaultTransit } from 'waymark'
import { arnOf, KmsServer } from './kms-server.ts'
import type { Fault, LoopbackServer } from './loopback-server.ts'
import { VaultServer } from './vault-server.ts'

/** A service that holds keys, and how it is reached. */
interface World {
  readonly server: LoopbackServer
  readonly key: (options?: KeyServiceOptions) => MasterKey
  /** Another key of the same service. */
  readonly other: MasterKey
  /** What `WAYMARK_KEY` may say. */
  readonly named: string
  /** What a process needs to be let in. */
  readonly environment: Readonly<Record<string, string>>
}

async function kmsWorld(t: TestContext): Promise<World> {
  const server = await new KmsServer().start(t)
  const { address: endpoint, credentials } = server
  const named = server.addKey(arnOf('one'))
  const common = { endpoint, credentials, firstPauseMs: 0 }
  return {
    server,
    key: options => awsKms({ keyId: named, ...common, ...options }),
    other: awsKms({ keyId: server.addKey(arnOf('two')), ...common }),
    named: `aws-kms:${named}`,
    environment: {
      AWS_ENDPOINT_URL_KMS: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  }
}

async function vaultWorld(t: TestContext): Promise<World> {
  const server = await new VaultServer().start(t)
  const { address, token } = server
  const one = server.addKey('one')
  const common = { address, token, firstPauseMs: 0 }
  return {
    server,
    key: options => vaultTransit({ key: one, ...common, ...options }),
    other: vaultTransit({ key: server.addKey('two'), ...common }),
    named: `vault:${address}/one`,
    environment: { VAULT_ADDR: `${address}/`, VAULT_TOKEN: token },
  }
}

const worlds = { 'AWS KMS': kmsWorld, Vault: vaultWorld }

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'waymark-services-'))
  t.after(() => rm(made, { recursive: true, force: true }))
  return made
}

async function fileKey(path: string): Promise<MasterKey> {
  await writeFile(`${path}.key`, 'ab01'.repeat(16), { mode: 0o600 })
  return keyFile(`${path}.key`)
}

/** All that `keys/` holds. */
async function ringOf(path: string): Promise<string> {
  const names = (await readdir(join(path, 'keys'))).sort()
  const texts = await Promise.all(names.map(name => readFile(join(path, 'keys', name), 'utf8')))
  return JSON.stringify([names, texts])
}

const savedIn = async (store: Store): Promise<unknown> => {
  const [found] = await store.list({ limit: 1 })
  return found && (await store.load(found.id)).value
}

/** What a process of its own says of the store. */
function inNewProcess(path: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const script = `
    import { open } from 'waymark'
    try {
      const store = await open({ path: process.env.STORE, create: false })
      const [found] = await store.list({ limit: 1 })
      console.log('opened', (await store.load(found.id)).value)
      await store.close()
    } catch (error) { console.log(error.code, error.message) }`
  const child = spawn(process.execPath, ['--conditions=waymark-source', '--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url),
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      AWS_EC2_METADATA_DISABLED: 'true',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      STORE: path,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return child.stdout
    .setEncoding('utf8')
    .toArray()
    .then(texts => texts.join(''))
}

for (const [name, begin] of Object.entries(worlds)) {
  test(`E6 a store sealed by ${name} opens in another process by the name of the key, and without one where credentials are at hand`, async t => {
    const { server, key, named, environment } = await begin(t)
    const path = join(await folder(t), 'store')
    const store = await open({ path, key: key() })
    await store.save({ value: 'kept' })
    await store.close()
    const both = [{ ...environment, WAYMARK_KEY: named }, environment].map(given => inNewProcess(path, given))
    assert.deepEqual(await Promise.all(both), ['opened kept\n', 'opened kept\n'])
    server.requests.length = 0
    assert.match(await inNewProcess(path, {}), /^key_missing/)
    assert.equal(server.requests.length, 0)
  })

  test(`E6 a store sealed by ${name} opens neither with another key there nor with the ring of another store`, async t => {
    const { key, other } = await begin(t)
    const parent = await folder(t)
    const [path, second] = [join(parent, 'store'), join(parent, 'second')]
    for (const made of [path, second]) await (await open({ path: made, key: key() })).close()
    await assert.rejects(open({ path, key: other }), { code: 'key_missing' })
    await rm(join(second, 'keys'), { recursive: true })
    await cp(join(path, 'keys'), join(second, 'keys'), { recursive: true })
    await assert.rejects(open({ path: second, key: key() }), { code: 'key_missing', message: /another store/ })
    await (await open({ path, key: [other, key()] })).close()
  })

  test(`E6 while ${name} is away who has the store open goes on, nobody else opens it but with another key, and later it is as it was`, async t => {
    const { server, key } = await begin(t)
    const path = join(await folder(t), 'store')
    const impatient = key({ totalTimeoutMs: 1_000, firstPauseMs: 60_000 })
    const store = await open({ path, key: impatient })
    const another = await fileKey(path)
    await store.addKey(another, { name: 'file' })
    await server.goAway()
    await store.save({ value: 'saved without the service' })
    await assert.rejects(open({ path, key: impatient }), { code: 'unavailable', retryable: true, message: /ECONNREFUSED/ })
    const beside = await open({ path, key: [impatient, another] })
    assert.equal(await savedIn(beside), 'saved without the service')
    await beside.close()
    await store.close()
    await server.comeBack()
    const later = await open({ path, key: impatient })
    assert.equal(await savedIn(later), 'saved without the service')
    await later.close()
  })

  test(`E6 wherever ${name} fails while it is made a key of a store, the ring stays as it was, and the change can be made again`, async t => {
    const { server, key } = await begin(t)
    const path = join(await folder(t), 'store')
    const first = await fileKey(path)
    const store = await open({ path, key: first })
    await store.save({ value: 'kept' })
    const before = await ringOf(path)
    const impatient = key({ totalTimeoutMs: 500, attemptTimeoutMs: 300, firstPauseMs: 60_000 })
    const faults: Fault[] = ['die', 'garbage', 'short', 'lie', 'echo', 'hang', { status: 500 }]
    for (const fault of faults)
      for (const step of [0, 1]) {
        // A wrapped secret that is another one shows only once it is unwrapped.
        if (fault === 'lie' && step === 0) continue
        server.faults.push(...(step === 0 ? [fault] : [undefined, fault]))
        const change = step === 0 ? store.addKey(impatient, { name: 'service' }) : store.rotateKeys({ to: impatient })
        await assert.rejects(
          change,
          error => error instanceof Error && 'code' in error && ['unavailable', 'key_missing'].includes(String(error.code)),
        )
        assert.equal(await ringOf(path), before, `${JSON.stringify(fault)} at request ${step + 1}`)
      }
    await store.addKey(key(), { name: 'service' })
    await store.close()
    for (const one of [first, key()]) {
      const again = await open({ path, key: one })
      assert.equal(await savedIn(again), 'kept')
      await again.close()
    }
  })

  test(`E6 a store that ${name} cannot be asked for a key for is not made`, async t => {
    const { server, key } = await begin(t)
    const path = join(await folder(t), 'store')
    server.faults.push(undefined, 'echo')
    await assert.rejects(open({ path, key: key() }), { code: 'key_missing' })
    await assert.rejects(open({ path, create: false }), { code: 'not_found' })
    const store = await open({ path, key: key() })
    await store.save({ value: 'kept' })
    assert.equal(await savedIn(store), 'kept')
    await store.close()
  })
}

test('E6 a ring decides not where credentials go: Vault is asked without a key being given at VAULT_ADDR only', async t => {
  const { server, key, environment } = await vaultWorld(t)
  const path = join(await folder(t), 'store')
  await (await open({ path, key: key() })).close()
  const elsewhere = await new VaultServer().start(t)
  server.requests.length = 0
  for (const address of ['', elsewhere.address, 'not an address', server.address.replace('127.0.0.1', 'localhost')])
    assert.match(await withEnvironment({ ...environment, VAULT_ADDR: address }, () => refusal(path)), /no key was given/)
  assert.match(await withEnvironment({ ...environment, VAULT_TOKEN: '' }, () => refusal(path)), /no key was given/)
  assert.deepEqual([server.requests.length, elsewhere.requests.length], [0, 0])
  assert.equal(await withEnvironment(environment, () => refusal(path)), 'opened')
})

const refusal = (path: string): Promise<string> =>
  open({ path }).then(
    async store => {
      await store.close()
      return 'opened'
    },
    error => String(error.message),
  )

async function withEnvironment<T>(variables: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  Object.assign(process.env, variables)
  try {
    return await work()
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
  }
}
