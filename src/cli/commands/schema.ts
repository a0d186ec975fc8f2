import { nearest } from '../../model/did-you-mean.ts'
import { wrongUsage } from '../command-line.ts'
import { commandNamed } from '../command-table.ts'
import type { Context } from '../context.ts'
import { document } from '../json-shapes.ts'
import { line } from '../render/screen.ts'
import { commandSchema, schemaCommands } from '../schemas/command-schema.ts'

/** `waymark schema [COMMAND]` */
export async function schemaCommand({ line: typed, output }: Context): Promise<number> {
  const [asked] = typed.arguments
  if (asked === undefined) {
    if (output.json) output.jsonLine(document('schema', { commands: schemaCommands }, { command: 'waymark schema ls' }))
    else await output.result(listLines())
    return 0
  }
  const command = commandNamed(asked)?.name ?? asked
  const schema = commandSchema(command)
  if (schema === undefined) {
    const known = schemaCommands.map(one => one.command)
    const near = nearest(asked, known)
    const meant = near === undefined ? `; there are ${known.join(', ')}` : `; did you mean ${near}?`
    throw wrongUsage(`there is no schema of ${JSON.stringify(asked)}${meant}`, commandNamed('schema'))
  }
  if (output.json) output.jsonLine(document('schema', { command, schema }))
  else output.document(`${JSON.stringify(schema, null, 2)}\n`)
  return 0
}

function listLines() {
  const named = (prints: 'document' | 'lines'): string =>
    schemaCommands.flatMap(one => (one.prints === prints ? [one.command] : [])).join(', ')
  return [
    line(`one document   ${named('document')}`),
    line(`lines          ${named('lines')}`),
    line('waymark schema COMMAND prints the JSON Schema of what it prints with --json', 'quiet'),
  ]
}
