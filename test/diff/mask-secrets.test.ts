import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { diffValues } from '../../src/diff/diff-values.ts'
import { maskedDifferences } from '../../src/diff/masked-differences.ts'
import { SecretMask } from '../../src/model/secret-mask.ts'

test('E9 a secret is told to have changed, and never shown: not in what was added whole, in Maps, or in a URL', () => {
  const keys = [
    'password',
    'dbPassword',
    'client_secret',
    'X-Api-Key',
    'accessToken',
    'Authorization',
    'refresh_token',
    'Set-Cookie',
    'PGPWD',
  ]
  const side = (hidden: string) => ({
    plain: Object.fromEntries(keys.map(key => [key, hidden])),
    map: new Map(keys.map(key => [key, hidden])),
    url: `postgres://bob:${hidden}@host:5432/db`,
    nested: [{ credentials: { user: hidden, deep: [hidden] } }],
  })
  const found = maskedDifferences(new SecretMask(), [
    ...diffValues(side('hunter2'), side('hunter3')),
    ...diffValues({}, { added: side('hunter2') }),
    ...diffValues({ removed: side('hunter2') }, {}),
    ...diffValues({ was: side('hunter2') }, { was: 1 }),
  ])
  assert.equal(found.length, keys.length * 2 + 1 + 2 + 3)
  assert.doesNotMatch(inspect(found, { depth: 20 }), /hunter/)
  assert.match(inspect(found, { depth: 20 }), /postgres:\/\/bob:•••@host:5432\/db/)
})

test('E9 counts of tokens and other names that only look like secrets are shown', () => {
  const value = { tokens: 5, maxTokens: 7, tokenCount: 1, keys: [1], primaryKey: 'id', url: 'https://host/a@b:c' }
  assert.equal(new SecretMask().value(value, []), value)
})

test('E9 what is named is hidden besides, and the value itself is not changed by it', () => {
  const value = { customer: { email: 'a@b.c', name: 'Ann' }, rows: [{ iban: 'DE1' }], cycle: {} }
  value.cycle = value
  const masked = new SecretMask(['customer.email', '**.iban']).value({ customer: value.customer, rows: value.rows }, [])
  assert.deepEqual(masked, { customer: { email: '•••', name: 'Ann' }, rows: [{ iban: '•••' }] })
  assert.equal(value.customer.email, 'a@b.c')
  assert.equal(new SecretMask().value(value, []), value)
})
