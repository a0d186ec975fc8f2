// npm test [-- FILE… OPTION…] Runs all tests, light files ten in a process (scripts/tests/plan-processes.ts). With arguments it is
// `node --test` with them, over all tests unless files are named: `npm test -- test/log/*.test.ts`, `npm test -- --test-name-pattern '^A2 '`.
import { readdirSync } from 'node:fs'
import { sep } from 'node:path'
import { filesApart, longFiles } from './tests/files-apart.ts'
import { planProcesses } from './tests/plan-processes.ts'
import { runNamedTests } from './tests/run-named-tests.ts'
import { runTestFiles } from './tests/run-test-files.ts'

const args = process.argv.slice(2)
const stop = new AbortController()
// Ctrl-C reaches the processes of the tests by itself; the summary is to be seen.
process.on('SIGINT', () => stop.abort()).on('SIGTERM', () => stop.abort())
process.exitCode = args.length > 0 ? await runNamedTests(args) : await runAll()

async function runAll(): Promise<number> {
  const names = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.test.ts'))
  const files = names.map(name => `test/${name.replaceAll(sep, '/')}`).sort()
  const { failed, incomplete } = await runTestFiles(planProcesses(files, filesApart, longFiles), stop.signal)
  for (const sentence of incomplete) console.error(sentence)
  return failed || incomplete.length > 0 ? 1 : 0
}
