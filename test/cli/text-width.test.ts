import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { textWidth } from '../../src/cli/render/text-width.ts'

test('A12 the columns of a text are those that string-width knows, of every sign and of signs beside each other', () => {
  for (let code = 0x20; code < 0x3000; code++) {
    const sign = String.fromCodePoint(code)
    if (/[\p{Cc}\p{Cs}]/u.test(sign)) continue
    assert.equal(textWidth(sign), stringWidth(sign), `U+${code.toString(16)}`)
  }
  const signs = fc.constantFrom(...'aé·•…→↻░█◆►○✓✗■▁"–↔', '漢', '👍', '\u0301', '\ufe0f', '\u200d', '👨‍👩‍👧')
  fc.assert(
    fc.property(fc.array(signs), parts => {
      const text = parts.join('')
      assert.equal(textWidth(text), stringWidth(text))
    }),
  )
})
