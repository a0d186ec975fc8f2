import { WaymarkError } from './errors.ts'

/**
 * The part of the Standard Schema interface (standardschema.dev, version 1) that Waymark uses: zod, valibot, arktype and others
 * implement it, so Waymark depends on none of them.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    /** Standard JSON Schema, where the library offers it; used for help and did-you-mean only. */
    readonly jsonSchema?: { readonly input: (options: { readonly target: string }) => Record<string, unknown> } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Whether a value says of itself that it is a schema. */
export function isSchema(value: unknown): value is Schema {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value
}

/** What the schema makes of a value it accepts. */
export type SchemaOutput<S> = S extends Schema<unknown, infer Output> ? Output : never

/** Where in the value an issue lies, as `a.b[2]`; empty for the value itself. */
export function issuePath(issue: SchemaIssue): string {
  let text = ''
  for (const part of issue.path ?? []) {
    const key = typeof part === 'object' ? part.key : part
    text += typeof key === 'number' ? `[${key}]` : text === '' ? String(key) : `.${String(key)}`
  }
  return text
}

/**
 * The value as the schema returns it.
 *
 * @throws WaymarkError `invalid` naming every issue with its place in the value; `what` names the value in the message.
 */
export async function checkSchema<Output>(schema: Schema<unknown, Output>, value: unknown, what: string): Promise<Output> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  const lines = result.issues.map(issue => {
    const path = issuePath(issue)
    return path === '' ? issue.message : `${path}: ${issue.message}`
  })
  throw new WaymarkError('invalid', {
    message: `${what} does not match its schema: ${lines.join('; ')}`,
    means: 'Nothing was run or saved with it.',
    remedy: 'Correct the value, or the schema if the value is right.',
    details: { issues: lines },
  })
}
