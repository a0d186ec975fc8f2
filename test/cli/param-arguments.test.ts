import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readParams, reservedFlags } from '../../src/cli/param-arguments.ts'
import { isWaymarkError } from '../../src/model/errors.ts'

const invalid = (message: RegExp) => (error: unknown) => isWaymarkError(error, 'invalid') && message.test(error.message)

test('values, flags and repetitions are read as they are typed', () => {
  const words = [
    '--day',
    '2026-11-20',
    '--fast',
    '--n=-5',
    '--tag',
    'a',
    '--tag=b',
    '--tag',
    'c',
    '--offset',
    '-3',
    '--empty=',
    '--text=a=b',
  ]
  assert.deepEqual(readParams(words, []), {
    day: '2026-11-20',
    fast: true,
    n: '-5',
    tag: ['a', 'b', 'c'],
    offset: '-3',
    empty: '',
    text: 'a=b',
  })
})

test('after -- every name is a parameter, also one of Waymark', () => {
  assert.ok(reservedFlags.has('json') && reservedFlags.has('dry-run') && reservedFlags.has('store'))
  assert.deepEqual(readParams(['--a', '1'], ['--json', '--store', 'x']), { a: '1', json: true, store: 'x' })
})

test('words that belong to no parameter are refused', () => {
  assert.throws(() => readParams(['--a', '1', 'stray'], []), invalid(/"stray" belongs to no parameter/))
  assert.throws(() => readParams(['-x'], []), invalid(/no flag -x/))
  assert.throws(() => readParams(['--plan=yes'], []), invalid(/--plan takes no value/))
  assert.throws(() => readParams(['--a', '--a', '1'], []), invalid(/with a value and without one/))
  assert.throws(() => readParams(['--__proto__', '1'], []), invalid(/belongs to no parameter/))
})
