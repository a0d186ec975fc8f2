import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codec } from '../../src/format/codec.ts'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'

class Money {
  readonly cents: bigint
  readonly #currency: string
  constructor(cents: bigint, currency: string) {
    this.cents = cents
    this.#currency = currency
  }
  get currency(): string {
    return this.#currency
  }
}

class Account {
  static open(owner: string, balance: Money): Account {
    return new Account(owner, balance)
  }
  readonly owner: string
  readonly balance: Money
  private constructor(owner: string, balance: Money) {
    this.owner = owner
    this.balance = balance
  }
}

const money = codec(Money, {
  tag: 'money',
  encode: value => ({ cents: value.cents, currency: value.currency }),
  decode: ({ cents, currency }) => new Money(cents, currency),
})
const account = codec(Account, {
  tag: 'account',
  encode: value => [value.owner, value.balance],
  decode: ([owner, balance]) => Account.open(owner, balance),
})

test('instances of registered classes come back as instances, also inside one another', () => {
  const codecs = [money, account]
  const value = { accounts: new Map([['a', Account.open('Ann', new Money(7n, 'EUR'))]]) }
  const read = decodeValue(encodeValue(value, { codecs }), { codecs })
  assert.deepStrictEqual(read, value)
  const found = read instanceof Object && 'accounts' in read && read.accounts instanceof Map ? read.accounts.get('a') : undefined
  assert.ok(found instanceof Account)
  assert.equal(found.balance.currency, 'EUR')
})

test('a class that is not registered when reading is unsupported, by name', () => {
  const bytes = encodeValue([new Money(1n, 'EUR')], { codecs: [money] })
  assert.throws(() => decodeValue(bytes), { code: 'unsupported', message: /the class "money"/, details: { name: 'money' } })
})

test('an instance of a subclass is not taken for its base class', () => {
  class Gift extends Money {}
  assert.throws(() => encodeValue(new Gift(1n, 'EUR'), { codecs: [money] }), { code: 'invalid', message: /a Gift/ })
})

test('a decode that fails is the codec’s fault, not damage', () => {
  const bytes = encodeValue(new Money(1n, 'EUR'), { codecs: [money] })
  for (const failure of [new Error('currency unknown'), new RangeError('currency unknown')]) {
    const broken = codec(Money, {
      tag: 'money',
      encode: () => 0,
      decode: () => {
        throw failure
      },
    })
    assert.throws(() => decodeValue(bytes, { codecs: [broken] }), {
      code: 'invalid',
      message: /currency unknown/,
      cause: failure,
    })
  }
  const wrong = codec(Money, { tag: 'money', encode: () => 0, decode: () => Object.create(null) })
  assert.throws(() => decodeValue(bytes, { codecs: [wrong] }), { code: 'invalid', message: /not an instance of Money/ })
})

test('a codec may encode and decode values of its own', () => {
  class Box {
    readonly inside: unknown
    constructor(inside: unknown) {
      this.inside = inside
    }
  }
  const box = codec(Box, {
    tag: 'box',
    encode: value => encodeValue(value.inside),
    decode: content => new Box(decodeValue(content)),
  })
  const value = [1, new Box({ a: [1, 2, 3] }), 'after']
  assert.deepStrictEqual(decodeValue(encodeValue(value, { codecs: [box] }), { codecs: [box] }), value)
})

test('codecs that cannot be told apart are refused', () => {
  const other = codec(Account, { tag: 'money', encode: () => 1, decode: () => Account.open('', new Money(0n, '')) })
  assert.throws(() => encodeValue(1, { codecs: [money, other] }), { code: 'invalid', message: /"money"/ })
  assert.throws(() => decodeValue(encodeValue(1), { codecs: [money, money] }), { code: 'invalid' })
  assert.throws(() => codec(Money, { tag: '', encode: () => 1, decode: () => new Money(0n, '') }), { code: 'invalid' })
  assert.throws(() => codec(Object, { tag: 'object', encode: () => 1, decode: () => ({}) }), { code: 'invalid' })
})
