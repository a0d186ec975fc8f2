// node scripts/with-compile-cache.js ARGUMENTS… runs Node with these arguments; every process below finds the sources compiled by the one before. Stripping the types of all of them anew would be
// most of what a short test costs. A quarter of the rest was looking up files, which bin/own-modules.js spares.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url))
const ownModules = new URL('../bin/own-modules.js', import.meta.url).href
const child = spawn(process.execPath, [`--import=${ownModules}`, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { NODE_COMPILE_CACHE: folder, ...process.env },
})
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
})
// Ctrl-C reaches the child by itself; its summary is to be seen.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill())
