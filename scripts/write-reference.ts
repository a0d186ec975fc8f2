/**
 * node --conditions=waymark-source scripts/write-reference.ts
 *
 * Writes what is made from the tables of the command line: schemas/*.json and the table of options in docs/configuration.md. The tests of both fail where they are old.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configTable, withConfigTable } from '../src/cli/config-table.ts'
import { commandSchema, schemaCommands } from '../src/cli/schemas/command-schema.ts'

const root = join(import.meta.dirname, '..')

mkdirSync(join(root, 'schemas'), { recursive: true })
for (const { command } of schemaCommands)
  writeFileSync(join(root, 'schemas', `${command}.json`), `${JSON.stringify(commandSchema(command), null, 2)}\n`)

const page = join(root, 'docs/configuration.md')
writeFileSync(page, withConfigTable(readFileSync(page, 'utf8'), configTable()))
