import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkOptions, type OptionRules, optionRules } from '../../src/model/check-options.ts'
import { isWaymarkError } from '../../src/model/errors.ts'

const rules: OptionRules<{ readonly name?: string; readonly items?: readonly unknown[] }> = {
  name: optionRules.text,
  items: optionRules.list,
}

test('C9 an option that every object has by nature is refused like any other that nobody knows, with what is meant', () => {
  for (const name of ['toString', 'constructor', 'hasOwnProperty', '__proto__', 'nmae']) {
    const options: unknown = JSON.parse(`{ "name": "n", "${name}": 1 }`)
    assert.throws(
      () => checkOptions('open', options, rules),
      error => isWaymarkError(error, 'invalid') && error.message.includes(JSON.stringify(name)),
    )
  }
  checkOptions('open', { name: 'n', items: undefined }, rules)
  assert.throws(() => checkOptions('open', { items: 'x' }, rules), { message: /items must be a list/ })
})
