import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HiddenTexts } from '../../src/model/hidden-texts.ts'

function hiding(...values: readonly unknown[]): HiddenTexts {
  const hidden = new HiddenTexts()
  for (const value of values) hidden.addAllOf(value)
  return hidden
}

test('D11 a text of at least 6 characters is hidden wherever it stands: in words, in JSON, in JSON within JSON, in HTML, in a URL', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6, unit: 'grapheme' }), fc.string(), fc.string(), (secret, before, after) => {
      fc.pre(!(before + after).includes(secret) && !'•••'.includes(secret))
      const hidden = hiding(secret)
      const json = JSON.stringify({ secret })
      for (const text of [before + secret + after, json, JSON.stringify(json), encodeURIComponent(secret)]) {
        const shown = hidden.without(text)
        assert.ok(shown.includes('•••'), text)
        assert.ok(!shown.includes(secret) || (before + after).includes('•'), shown)
      }
    }),
    { numRuns: 300 },
  )
  assert.equal(hiding('a<b>&"c').without('<td>a&lt;b&gt;&amp;&quot;c</td>'), '<td>•••</td>')
})

test('D11 a secret that is cut with an ellipsis is hidden too, and a text that only begins like it is not', () => {
  const hidden = hiding('token-1234567890')
  assert.equal(hidden.without('with token-1234…'), 'with •••…')
  assert.equal(hidden.without('with token-1234...'), 'with •••...')
  assert.equal(hidden.without('with token-1234 and token-12'), 'with token-1234 and token-12')
})

test('D11 of two secrets of which one begins like the other the longer is hidden whole; parts of values and numbers count, what is short does not', () => {
  const hidden = hiding('secret-a', 'secret-a-and-more', { deep: [new Map([['k', 'in-a-map']])], short: 'abc', pin: 12_345_678 })
  assert.equal(hidden.without('secret-a-and-more, secret-a, in-a-map, abc, 12345678'), '•••, •••, •••, abc, •••')
  assert.ok(hiding('abc', true, null).isEmpty)
})

test('D11 of a text of several lines each line is hidden that is long enough to tell something', () => {
  const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nshort\n-----END KEY-----'
  assert.equal(hiding(key).without('read MIIEvQIBADANBgkqhkiG of it, short'), 'read ••• of it, short')
})

test('D11 what lies under texts is hidden with them and never changed by them; what was added is forgotten, and can be added again', () => {
  const under = hiding('secret-of-the-run')
  const own = new HiddenTexts(under)
  assert.equal(own.isEmpty, false)
  own.addAllOf({ pin: 'secret-of-the-event' })
  const text = 'secret-of-the-run, secret-of-the-event'
  assert.equal(own.without(text), '•••, •••')
  assert.equal(under.without(text), '•••, secret-of-the-event')
  own.clear()
  assert.equal(own.without(text), '•••, secret-of-the-event')
  own.addAllOf('secret-of-the-event')
  assert.equal(own.without(text), '•••, •••')
  assert.ok(new HiddenTexts(new HiddenTexts()).isEmpty)
})
