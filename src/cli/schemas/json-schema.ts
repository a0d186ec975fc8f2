/** A JSON Schema (draft 2020-12), as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** Fields of an object by name; a name that ends with `?` may be left out. */
export type Fields = { readonly [name: string]: JsonSchema }

export const anything: JsonSchema = {}
export const text: JsonSchema = { type: 'string' }
export const flag: JsonSchema = { type: 'boolean' }
export const number: JsonSchema = { type: 'number' }
/** A whole number from 0. */
export const count: JsonSchema = { type: 'integer', minimum: 0 }
/** ISO 8601 in UTC, to the millisecond. */
export const time: JsonSchema = { type: 'string', pattern: '^(\\d{4}|[+-]\\d{6})-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' }

export const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items })
export const texts = listOf(text)
export const oneOf = (...values: readonly (string | number | boolean | null)[]): JsonSchema => ({ enum: values })
export const anyOf = (...schemas: readonly JsonSchema[]): JsonSchema => ({ anyOf: schemas })
export const orNull = (schema: JsonSchema): JsonSchema => anyOf(schema, { type: 'null' })

/** An object with these fields. A later version may add some: readers skip what they do not know. */
export function shape(fields: Fields): JsonSchema {
  const names = Object.keys(fields)
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name.replace(/\?$/, ''), schema])),
    required: names.filter(name => !name.endsWith('?')),
  }
}

/** An object with these fields, and others that depend on what it is of. */
export const openShape = (fields: Fields): JsonSchema => ({ ...shape(fields), additionalProperties: true })

/** An object whose fields the user names, or that depends on what it is of. */
export const object: JsonSchema = { type: 'object', additionalProperties: true }

/** A shape of {@link import('./shared-shapes.ts').sharedShapes} by its name. */
export const shared = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` })
