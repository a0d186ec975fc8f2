import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { RawParams } from '../../src/cli/param-arguments.ts'
import { checkParams } from '../../src/cli/param-check.ts'
import { paramFields } from '../../src/cli/param-fields.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import type { Schema } from '../../src/model/schema.ts'

const source = { file: 'etl.ts', afterDashes: new Set<string>() }

async function refusal(schema: Schema | undefined, raw: RawParams, afterDashes = new Set<string>()): Promise<string> {
  try {
    await checkParams(schema, raw, { ...source, afterDashes })
  } catch (error) {
    assert.ok(isWaymarkError(error, 'invalid'), String(error))
    return `${error.message} | ${error.remedy}`
  }
  return assert.fail('it was accepted')
}

test('strings are tried first, and only fields that do not fit are read as JSON', async () => {
  const schema = z.object({
    day: z.string(),
    limit: z.number(),
    dry: z.boolean(),
    flag: z.boolean(),
    tags: z.array(z.string()),
    ids: z.array(z.number()),
    range: z.object({ from: z.number() }),
    zip: z.string(),
  })
  const raw = {
    day: '2026',
    limit: '5',
    dry: 'false',
    flag: true,
    tags: 'a',
    ids: ['1', '2'],
    range: '{"from":3}',
    zip: '01234',
  } as const
  assert.deepEqual(await checkParams(schema, raw, source), {
    day: '2026',
    limit: 5,
    dry: false,
    flag: true,
    tags: ['a'],
    ids: [1, 2],
    range: { from: 3 },
    zip: '01234',
  })
})

test('a schema that transforms gets what was typed, once: its output is made later', async () => {
  const schema = z.object({ n: z.string().transform(text => text.length) })
  assert.deepEqual(await checkParams(schema, { n: 'abc' }, source), { n: 'abc' })
})

test('a union of objects, whose issues name no field, is tried with every field as JSON', async () => {
  const schema = z.union([z.object({ a: z.number() }), z.object({ b: z.boolean() })])
  assert.deepEqual(await checkParams(schema, { a: '3' }, source), { a: 3 })
})

test('a broken parameter is named as the flag it was typed with, and keeps the text that was typed', async () => {
  const schema = z.object({ limit: z.number(), day: z.string() })
  assert.match(
    await refusal(schema, { limit: 'many' }),
    /--limit: .*expected number.*--day is missing \(string\).*waymark run etl\.ts --help/,
  )
})

test('a parameter the schema does not have is refused with the nearest field or flag', async () => {
  const schema = z.object({ day: z.string(), startDate: z.string().optional() })
  assert.match(await refusal(schema, { dya: '5' }), /--dya is no parameter of etl\.ts; did you mean --day/)
  assert.match(await refusal(schema, { 'start-date': '5', day: '1' }), /did you mean --startDate/)
  assert.match(await refusal(schema, { day: '1', fersh: true }), /did you mean --fresh/)
  assert.match(await refusal(schema, { day: '1', other: 'x' }), /--other is no parameter of etl\.ts \|/)
})

test('a schema that allows other fields takes them, unless they are a mistyped flag', async () => {
  const schema = z.looseObject({ day: z.string() })
  assert.deepEqual(await checkParams(schema, { day: '1', other: 'x' }, source), { day: '1', other: 'x' })
  assert.match(await refusal(schema, { day: '1', fersh: true }), /--fersh is no flag of Waymark; did you mean --fresh/)
})

test('without a schema every name is taken but a mistyped flag, and that one after --', async () => {
  assert.deepEqual(await checkParams(undefined, { anything: '1', list: ['a', 'b'], on: true }, source), {
    anything: '1',
    list: ['a', 'b'],
    on: true,
  })
  assert.match(await refusal(undefined, { 'dry-rum': true }), /did you mean --dry-run.*-- --dry-rum/)
  const after = { ...source, afterDashes: new Set(['dry-rum']) }
  assert.deepEqual(await checkParams(undefined, { 'dry-rum': true }, after), { 'dry-rum': true })
})

test('a schema with a field named like a flag of Waymark is refused', async () => {
  assert.match(await refusal(z.object({ store: z.string() }), {}), /has a parameter "store", and --store is a flag of Waymark/)
})

test('fields are described from JSON Schema, and a schema that has none is no error', () => {
  const fields = paramFields(
    z.object({
      day: z.string().describe('the day to load'),
      n: z.number().default(3),
      mode: z.enum(['a', 'b']).optional(),
      tags: z.array(z.string()),
    }),
  )
  assert.deepEqual(fields, {
    fields: [
      { name: 'day', type: 'string', required: true, summary: 'the day to load' },
      { name: 'n', type: 'number', required: false, default: 3 },
      { name: 'mode', type: '"a" | "b"', required: false },
      { name: 'tags', type: 'string[]', required: true },
    ],
    open: false,
  })
  const bare: Schema = { '~standard': { version: 1, vendor: 'test', validate: value => ({ value }) } }
  assert.equal(paramFields(bare), undefined)
})

test('B1 --param NAME=VALUE is a parameter of that name, also of one that is a flag of Waymark; a parameter that is called param keeps its values', async () => {
  assert.deepEqual(await checkParams(undefined, { param: ['token=X', 'store=a=b'], token: 'Y' }, source), {
    token: ['Y', 'X'],
    store: 'a=b',
  })
  assert.deepEqual(await checkParams(undefined, { param: 'plain' }, source), { param: 'plain' })
  assert.deepEqual(await checkParams(undefined, { param: true }, source), { param: true })
  const after = { ...source, afterDashes: new Set(['param']) }
  assert.deepEqual(await checkParams(undefined, { param: 'token=X' }, after), { param: 'token=X' })
  const own = z.object({ param: z.string() })
  assert.deepEqual(await checkParams(own, { param: 'token=X' }, source), { param: 'token=X' })
  await assert.rejects(checkParams(z.object({ top: z.number() }), { param: 'tpo=3' }, source), /did you mean --top/)
})
