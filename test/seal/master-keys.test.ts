import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { isWaymarkError, keyCommand, keyFile, keyVariable, type MasterKey, makeKeyFile, open, passphrase } from 'waymark'
import { namedKey } from '../../src/seal/named-key.ts'

const hex = '0123456789abcdef'.repeat(4)
const secretOf = async (key: MasterKey): Promise<string> => Buffer.from((await key.newSecret('store')).secret).toString('hex')

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'waymark-keys-'))
  t.after(() => rm(made, { recursive: true, force: true }))
  return made
}

/** Rejects with this code, and says nothing of the secret. */
const refused =
  (code: 'key_missing' | 'invalid', message: RegExp, secret = hex) =>
  (error: unknown) => {
    assert.ok(isWaymarkError(error, code), String(error))
    assert.match(error.message, message)
    assert.ok(!JSON.stringify([error.toJSON(), String(error.cause), error.stack]).includes(secret), 'the secret is shown')
    return true
  }

test('E6 a key file holds 32 bytes as hex or base64, and is used only if nobody else may read it', async t => {
  const path = join(await folder(t), 'a.key')
  for (const content of [hex, `${hex.toUpperCase()}\n`, ` ${Buffer.from(hex, 'hex').toString('base64')}\r\n`]) {
    await writeFile(path, content, { mode: 0o600 })
    assert.equal(await secretOf(keyFile(path)), hex)
  }
  for (const content of ['', hex.slice(1), `${hex}00`, `${hex}\n${hex}`, 'not a key']) {
    await writeFile(path, content)
    await assert.rejects(secretOf(keyFile(path)), refused('key_missing', /holds no key/))
  }
  await writeFile(path, hex)
  for (const mode of [0o640, 0o604, 0o660, 0o666, 0o601]) {
    await chmod(path, mode)
    await assert.rejects(secretOf(keyFile(path)), refused('key_missing', /can be read by others.*mode 06/))
  }
  await chmod(path, 0o400)
  assert.equal(await secretOf(keyFile(path)), hex)
  await assert.rejects(secretOf(keyFile(`${path}.gone`)), refused('key_missing', /cannot be read/))
})

test('E6 a key file that is a pipe, a folder or gigabytes long is refused at once, and read no further than 1,024 bytes', async t => {
  const at = await folder(t)
  assert.equal(spawnSync('mkfifo', ['-m', '600', join(at, 'pipe')]).status, 0)
  await mkdir(join(at, 'folder'), { mode: 0o700 })
  await assert.rejects(secretOf(keyFile(join(at, 'pipe'))), refused('key_missing', /cannot be read: it is no regular file/))
  await assert.rejects(secretOf(keyFile(join(at, 'folder'))), refused('key_missing', /cannot be read: it is a folder/))
  await writeFile(join(at, 'long'), `${hex}\n`, { mode: 0o600 })
  await truncate(join(at, 'long'), 3 * 2 ** 30)
  await assert.rejects(secretOf(keyFile(join(at, 'long'))), refused('key_missing', /holds no key/))
})

test('E6 what is no key is not made one of a store: zeros, a source that is not named, a text', async t => {
  const path = join(await folder(t), 'zero.key')
  for (const content of ['00'.repeat(32), 'ab'.repeat(32)]) {
    await writeFile(path, content, { mode: 0o600 })
    await assert.rejects(secretOf(keyFile(path)), refused('invalid', /32 bytes are all the same/, content))
    // A store that has it is not locked out.
    assert.equal(Buffer.from((await keyFile(path).secretFor({}, 'store')) ?? []).toString('hex'), content)
  }
  for (const wrong of [undefined, null, '', 7, [hex], { hex }]) {
    const given = wrong as never
    for (const make of [keyFile, keyVariable, keyCommand, passphrase])
      assert.throws(() => make(given), refused('invalid', /it is not said/))
    await assert.rejects(makeKeyFile(given), refused('invalid', /it is not said which file/))
  }
  await assert.rejects(makeKeyFile(join(path, 'x.key')), refused('invalid', /there is no folder/))
  await assert.rejects(makeKeyFile('/nonexist/x.key'), refused('invalid', /there is no folder \/nonexist$/))
  const misspelt: object = { timeout: 5 }
  assert.throws(() => keyCommand('true', misspelt), refused('invalid', /no option "timeout"/))
  await assert.rejects(secretOf(passphrase(() => '')), refused('key_missing', /no passphrase was given/))
})

test('E6 a key command that takes too long is ended, with all that it started', async t => {
  const at = await folder(t)
  const slow = `sh -c 'echo $$ > ${at}/inner; exec sleep 300'; true`
  await assert.rejects(secretOf(keyCommand(slow, { timeoutMs: 500 })), refused('key_missing', /did not end within 0.5 s/))
  const pid = Number(await readFile(join(at, 'inner'), 'utf8'))
  const lives = () => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  }
  for (let tries = 0; lives() && tries < 200; tries++) await pause(20)
  assert.equal(lives(), false)
})

test('E6 a key variable has to be set and to hold a key', async t => {
  t.after(() => {
    delete process.env['WAYMARK_KEY_OF_THIS_TEST']
  })
  await assert.rejects(secretOf(keyVariable('WAYMARK_KEY_OF_THIS_TEST')), refused('key_missing', /is not set/))
  process.env['WAYMARK_KEY_OF_THIS_TEST'] = ''
  await assert.rejects(secretOf(keyVariable('WAYMARK_KEY_OF_THIS_TEST')), refused('key_missing', /is not set/))
  process.env['WAYMARK_KEY_OF_THIS_TEST'] = hex.slice(2)
  await assert.rejects(secretOf(keyVariable('WAYMARK_KEY_OF_THIS_TEST')), refused('key_missing', /holds no key/, hex.slice(2)))
  process.env['WAYMARK_KEY_OF_THIS_TEST'] = hex
  assert.equal(await secretOf(keyVariable('WAYMARK_KEY_OF_THIS_TEST')), hex)
})

test('E6 a key command prints the key; what it prints is never shown, what it complains of is', async () => {
  assert.equal(await secretOf(keyCommand(`printf '%s\\n' ${hex}`)), hex)
  await assert.rejects(secretOf(keyCommand('echo no such entry >&2; exit 3')), refused('key_missing', /exit 3, no such entry/))
  const failing = 'cat; printf %s "$WAYMARK_SECRET"; exit 1'
  process.env['WAYMARK_SECRET'] = hex
  try {
    await assert.rejects(secretOf(keyCommand(failing)), refused('key_missing', /failed: exit 1/))
    await assert.rejects(secretOf(keyCommand('printf %sx "$WAYMARK_SECRET"')), refused('key_missing', /holds no key/))
  } finally {
    delete process.env['WAYMARK_SECRET']
  }
  await assert.rejects(secretOf(keyCommand('head -c 200000 /dev/zero')), refused('key_missing', /failed/))
})

test('E6 a passphrase becomes a key with scrypt: the third test vector of RFC 7914, section 12', async () => {
  const settings = { salt: Buffer.from('SodiumChloride').toString('base64'), n: 16_384, r: 8, p: 1 }
  const secret = await passphrase('pleaseletmein').secretFor(settings, 'store')
  // The first 32 of its 64 bytes: PBKDF2 gives the same beginning whatever the length.
  assert.equal(Buffer.from(secret ?? []).toString('hex'), '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2')
})

test('E6 a passphrase has salt and cost of its own in each store, is long enough, and is the same however it is composed', async () => {
  const cost = { n: 1024 }
  const one = await passphrase('correct horse', cost).newSecret('store')
  const two = await passphrase('correct horse', cost).newSecret('store')
  assert.notDeepEqual(one.secret, two.secret)
  assert.deepEqual(await passphrase('correct horse').secretFor(one.settings, 'store'), one.secret)
  assert.notDeepEqual(await passphrase('correct horsf').secretFor(one.settings, 'store'), one.secret)
  const composed = await passphrase('caf\u00e9 caf\u00e9', cost).newSecret('store')
  assert.deepEqual(await passphrase('cafe\u0301 cafe\u0301').secretFor(composed.settings, 'store'), composed.secret)
  await assert.rejects(passphrase('secret7').newSecret('store'), refused('invalid', /7 characters is too short/, 'secret7'))
  // It cannot be the one of a store, and is not tried.
  assert.equal(await passphrase('secret7').secretFor(one.settings, 'store'), undefined)
  let asked = 0
  const once = passphrase(() => `asked ${++asked} times`, cost)
  await once.newSecret('store')
  await once.newSecret('store')
  assert.equal(asked, 1)
})

test('E6 a cost that would take more than 1 GiB, or is none, is refused before it is tried', async () => {
  const salt = Buffer.alloc(16).toString('base64')
  for (const settings of [
    { salt, n: 2 ** 24, r: 8, p: 1 },
    { salt, n: 2 ** 17, r: 8, p: 17 },
    { salt, n: 1000, r: 8, p: 1 },
    { salt, n: 2 ** 10, r: 8 },
    {},
  ])
    await assert.rejects(passphrase('correct horse').secretFor(settings, 'store'), { code: 'invalid' })
})

test('E6 a text that names no key is refused without being shown: it may be the key', async () => {
  for (const text of [hex, 'tiger', `file${hex}`, `files:${hex}`, 'passphrase:hunter22'])
    assert.throws(() => namedKey(text), refused('invalid', /does not name a key/, text))
  for (const text of ['', 'file:', 'variable:', 'command:'])
    assert.throws(() => namedKey(text), refused('invalid', /does not name a key/))
  assert.equal(namedKey('file:/a:b').description, 'the file /a:b')
  assert.equal(namedKey('command:pass show x:y').kind, 'command')
})

test('E6 open takes master keys and nothing else, and does not show what it was given instead', async t => {
  const path = await folder(t)
  for (const key of [hex, { kind: 'file' }, [], [hex], null, 7]) {
    const given: object = { path: join(path, 'store'), key }
    await assert.rejects(open(given), refused('invalid', /key must be a master key/))
  }
})
