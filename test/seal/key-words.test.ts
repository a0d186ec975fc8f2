import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { keyCommand, open } from 'waymark'
import { namedKey } from '../../src/seal/named-key.ts'
import { givenKey } from './given-key.ts'

const secretOf = async (line: string): Promise<unknown> => keyCommand(line).secretFor({}, 'store')

test('E6 a source with nothing behind its colon is told so, and not that it begins wrongly', () => {
  for (const source of ['file:', 'variable:', 'command:', 'aws-kms:', 'vault:'])
    assert.throws(() => namedKey(source), {
      code: 'invalid',
      message: `this does not name a key: nothing stands behind ${source}`,
    })
})

test('E6 a key command that fails is named by its first word: its line, which may hold a secret, and what it printed are in no part of the error', async () => {
  for (const [line, message] of [
    [
      'head -c 200000 /dev/zero; : inline-token',
      /^the command head …, which is to print the key, failed: it printed more than 64 KiB, and a key is 32 bytes$/,
    ],
    ['TOKEN=inline-token false', /^the command, which is to print the key, failed: exit 1$/],
    ['echo printed-secret; : inline-token; exit 4', /^the command echo …, which is to print the key, failed: exit 4$/],
    ['echo printed-secret; : inline-token', /^what the command echo … printed holds no key/],
  ] as const)
    await assert.rejects(secretOf(line), (error: unknown) => {
      assert.match(error instanceof Error ? error.message : '', message)
      assert.doesNotMatch(inspect(error, { depth: 9 }), /inline-token|printed-secret|MAXBUFFER/)
      return true
    })
})

test('E6 a garbled key is not to be replaced by a new one, which a sealed store does not open with', async () => {
  await assert.rejects(secretOf('echo garbage'), {
    code: 'key_missing',
    remedy: /sealed already opens with its own keys alone: put this one back/,
  })
})

test('E6 a copy of the ring goes to a folder that exists, outside the store; else it is said, and nothing is written', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-key-words-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = await open({ path: join(folder, 'store'), key: givenKey(7) })
  t.after(() => store.close())
  await assert.rejects(store.exportKeys(join(folder, 'none/ring.json')), {
    code: 'invalid',
    message: /there is no folder .*none$/,
  })
  await assert.rejects(store.exportKeys(join(store.path, 'ring.json')), {
    code: 'invalid',
    message: /is in the folder of the store/,
  })
  mkdirSync(join(folder, 'apart'))
  await store.exportKeys(join(folder, 'apart/ring.json'))
})
