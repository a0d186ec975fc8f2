import { existsSync } from 'node:fs'
import { inClone } from './preload.js'

const entry = new URL(inClone ? '../src/cli/main.ts' : '../dist/cli/main.js', import.meta.url)

if (existsSync(entry)) {
  // A process that the command line forks takes its Node options from here, and then resolves and warns like this one.
  process.execArgv.push('--import', new URL('./preload.js', import.meta.url).href)
  const { main } = await import(entry.href)
  // Whatever ends the process before its work is done, it was not done.
  process.exitCode = 1
  process.exitCode = await main(process.argv.slice(2))
  leave()
} else {
  process.exitCode = 1
  process.stderr.write(`This copy of Waymark is not complete: ${entry.pathname} is missing; install the package again.\n`)
}

/** All is done: what a config file left open is no reason to stay. What is still being written is. */
function leave() {
  setTimeout(() => (process.stdout.writableLength + process.stderr.writableLength > 0 ? leave() : process.exit()), 1_000).unref()
}
