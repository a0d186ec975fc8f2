import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

/**
 * Runs `node --test` with a process for each file.
 *
 * @param args Files or patterns of them, and options of Node; all tests where no file is among them.
 * @returns Its exit code.
 */
export async function runNamedTests(args: readonly string[]): Promise<number> {
  const isFile = (arg: string): boolean => arg.endsWith('.test.ts') || existsSync(arg)
  const files = args.filter(isFile)
  // Node takes for its own only the options that come before the files.
  const options = ['--test-reporter=spec', '--test-concurrency=4', '--test-timeout=300000', ...args.filter(arg => !isFile(arg))]
  const child = spawn(
    process.execPath,
    [...process.execArgv, '--test', ...options, ...(files.length > 0 ? files : ['test/**/*.test.ts'])],
    { stdio: 'inherit' },
  )
  process.on('SIGTERM', () => child.kill())
  const [code] = await once(child, 'exit')
  return code ?? 1
}
