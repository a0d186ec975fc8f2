import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { learnResult, mostLookedAt } from '../../src/engine/learn-result.ts'
import { Redaction } from '../../src/engine/redaction.ts'

/** Long enough to be hidden as text, and each another one. */
const leaf = fc.oneof(
  fc.integer({ min: 1_000_000, max: 9_999_999 }),
  fc.string({ minLength: 8, maxLength: 12 }).map(text => `leaf-${text}`),
  fc.constantFrom('https://anna:pass-of-anna@example.org', null, true),
)
const key = fc.constantFrom('id', 'email', 'password', 'x-api-key', 'list', 'token', 'pin')
const { value } = fc.letrec(tie => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('object'), tie('map')),
  object: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  map: fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map(entries => new Map(entries)),
}))

const paths = fc.subarray(['**.email', 'value.list', 'pin', 'value.*.id', '*.list.*'])

test('D11 a result is learned as it would be shown: the same texts are hidden', () => {
  fc.assert(
    fc.property(value, paths, (result, redact) => {
      const [learned, shown] = [new Redaction(redact), new Redaction(redact)]
      learnResult(learned, result)
      shown.shown('value', result)
      const texts: string[] = []
      const gather = (one: unknown): void => {
        if (typeof one === 'string' || typeof one === 'number') texts.push(String(one))
        else if (one instanceof Map) for (const part of one.values()) gather(part)
        else if (typeof one === 'object' && one !== null) for (const part of Object.values(one)) gather(part)
      }
      gather(result)
      const isHidden = ({ hidden }: Redaction, text: string): boolean => hidden.without(`: ${text} .`) !== `: ${text} .`
      for (const text of texts) assert.equal(isHidden(learned, text), isHidden(shown, text), text)
    }),
    { numRuns: 1_000 },
  )
})

test('D11 of a result no more values are looked at than is said, however many there are, and a result within itself ends', () => {
  const redaction = new Redaction()
  const rows = Array.from({ length: mostLookedAt }, (_, at) => ({ password: `secret-of-row-${at}-` }))
  assert.equal(learnResult(redaction, rows), 0)
  assert.equal(redaction.hidden.without('secret-of-row-0-'), '•••')
  assert.equal(redaction.hidden.without('secret-of-row-30000-'), 'secret-of-row-30000-')
  const loop: Record<string, unknown> = { apiKey: 'key-in-a-loop' }
  loop['self'] = loop
  const other = new Redaction()
  learnResult(other, loop)
  assert.equal(other.hidden.without('key-in-a-loop'), '•••')
  assert.equal(learnResult(other, 7, 100), 99)
})

test('D11 what is hidden is hidden among many other texts too', () => {
  const redaction = new Redaction()
  for (let at = 0; at < 3_000; at++) redaction.hidden.addAllOf(`${at}-is-a-secret-text`)
  assert.equal(
    redaction.hidden.without('a 17-is-a-secret-text, 2999-is-a-secret-text; 3000-is-a-secret'),
    'a •••, •••; 3000-is-a-secret',
  )
})
