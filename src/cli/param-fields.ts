import type { Schema } from '../model/schema.ts'

/** A parameter of a pipeline, as its schema describes it to people. */
export interface ParamField {
  readonly name: string
  /** `string`, `number`, `string[]`, `"a" | "b"` … */
  readonly type: string
  readonly required: boolean
  readonly default?: unknown
  readonly summary?: string
}

/** What a schema tells of its fields. */
export interface ParamFields {
  readonly fields: readonly ParamField[]
  /** True where the schema says that other fields are allowed too. */
  readonly open: boolean
}

/** The fields of a schema, or undefined where it offers no JSON Schema or is not an object. */
export function paramFields(schema: Schema): ParamFields | undefined {
  const json = jsonSchemaOf(schema)
  const properties = json === undefined ? undefined : recordOf(json['properties'])
  if (json === undefined || properties === undefined) return undefined
  const required = new Set(Array.isArray(json['required']) ? json['required'].map(String) : [])
  const fields = Object.entries(properties).map(([name, property]): ParamField => {
    const definition = recordOf(property) ?? {}
    const summary = definition['description']
    return {
      name,
      type: typeText(definition),
      required: required.has(name),
      ...('default' in definition ? { default: definition['default'] } : {}),
      ...(typeof summary === 'string' ? { summary } : {}),
    }
  })
  const additional = json['additionalProperties']
  return { fields, open: additional !== undefined && additional !== false }
}

/** A schema that cannot be put into JSON Schema (a transform at its root …) has no fields to show; that is no error. */
function jsonSchemaOf(schema: Schema): Record<string, unknown> | undefined {
  try {
    return schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' })
  } catch {
    return undefined
  }
}

function typeText(definition: Readonly<Record<string, unknown>>): string {
  const choices = definition['enum']
  if (Array.isArray(choices)) return choices.map(choice => JSON.stringify(choice)).join(' | ')
  if ('const' in definition) return JSON.stringify(definition['const'])
  const variants = definition['anyOf'] ?? definition['oneOf']
  if (Array.isArray(variants)) return variants.map(variant => typeText(recordOf(variant) ?? {})).join(' | ')
  const type = definition['type']
  if (type === 'array') return `${typeText(recordOf(definition['items']) ?? {})}[]`
  if (Array.isArray(type)) return type.join(' | ')
  return typeof type === 'string' ? type : 'any'
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined
}
