import { schemaVersion } from '../json-shapes.ts'
import { documentData } from './document-data.ts'
import { anyOf, type Fields, type JsonSchema, oneOf, openShape, orNull, shape, shared, text, time } from './json-schema.ts'
import { lineFields, lineTypes } from './line-fields.ts'
import { sharedShapes } from './shared-shapes.ts'

/** Commands with a schema, and whether they print one document or a line each time something happens. */
export const schemaCommands: readonly { readonly command: string; readonly prints: 'document' | 'lines' }[] = [
  ...Object.keys(lineTypes).map(command => ({ command, prints: 'lines' as const })),
  ...Object.keys(documentData).map(command => ({ command, prints: 'document' as const })),
]

/** The JSON Schema of what a command prints under `--json`: of its document, or of each of its lines. Undefined: there is no such command. */
export function commandSchema(command: string): JsonSchema | undefined {
  const types = Object.hasOwn(lineTypes, command) ? lineTypes[command] : undefined
  const data = Object.hasOwn(documentData, command) ? documentData[command] : undefined
  const found = types === undefined ? data && documentOf(command, data) : linesOf(command, types)
  return (
    found && {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `https://waymark.invalid/schemas/${schemaVersion}/${command}.json`,
      title: `waymark ${command} --json: ${types === undefined ? 'its document' : 'each line'}`,
      ...found,
      $defs: usedShapes(found),
    }
  )
}

const version = oneOf(schemaVersion)

function documentOf(command: string, data: JsonSchema): JsonSchema {
  const common = { schemaVersion: version, 'hint?': shared('hint') }
  return anyOf(
    shape({ ...common, command: oneOf(command), ok: oneOf(true), data }),
    // Where it did something all the same, or waits for a yes, it says what.
    shape({ ...common, command: orNull(oneOf(command)), ok: oneOf(false), error: shared('error'), 'data?': data }),
  )
}

function linesOf(command: string, types: readonly string[]): JsonSchema {
  const common: Fields = { schemaVersion: version, time, 'run?': text }
  const known = types.map(type => shape({ ...common, type: oneOf(type), ...lineFields[type] }))
  if (command !== 'events') return anyOf(...known)
  // With --summary it prints one document.
  const summary = shape({
    schemaVersion: version,
    command: oneOf('events'),
    ok: oneOf(true),
    data: openShape({}),
    'hint?': shared('hint'),
  })
  return anyOf(...known, openShape({ ...common, type: { type: 'string', not: oneOf('exit') } }), summary)
}

/** The shared shapes that a schema needs, and those that they need. */
function usedShapes(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  const used: Record<string, JsonSchema> = {}
  const add = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/\$defs\/(\w+)"/g)) {
      const found = sharedShapes[name]
      if (name in used || found === undefined) continue
      used[name] = found
      add(found)
    }
  }
  add(schema)
  return used
}
