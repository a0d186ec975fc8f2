// What every process of the command line needs before its first import of Waymark.
import { existsSync, readFileSync } from 'node:fs'
import { enableCompileCache, registerHooks } from 'node:module'
import './own-modules.js'

/**
 * A clone runs its sources, whatever an older build left in dist. An installed package has to run dist: Node strips no types
 * inside node_modules.
 */
export const inClone = !import.meta.url.includes('/node_modules/') && existsSync(new URL('../src/cli/main.ts', import.meta.url))

// Starts from what the process before compiled: a command of a clone takes a third of the time. Where the cache cannot be written, nothing changes.
enableCompileCache()

if (inClone) {
  const root = new URL('../', import.meta.url)
  const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

  // Resolves `waymark` and `waymark/…` under the condition `waymark-source`. Passing the condition on to `nextResolve` would be
  // shorter, but Node 22 ignores it there.
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const source = /^waymark(?:\/|$)/.test(specifier) && exports[specifier.replace('waymark', '.')]?.['waymark-source']
      return source ? { url: new URL(source, root).href, shortCircuit: true } : nextResolve(specifier, context)
    },
  })
}

const expected = /^(SQLite|Type Stripping) is an experimental feature/
const emitWarning = process.emitWarning

// Node 22 warns of these two at every start, which no user of Waymark can act on. Any other warning passes.
process.emitWarning = (warning, ...rest) => {
  if (rest[0] === 'ExperimentalWarning' && expected.test(String(warning))) return
  Reflect.apply(emitWarning, process, [warning, ...rest])
}
