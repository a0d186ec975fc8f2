#!/usr/bin/env node
// Kept to what Node 10 parses (no import statement, no import.meta, no top-level await), so that an old Node gets a sentence
// instead of a stack.
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 18)) {
  void import('./launch.js')
} else {
  process.exitCode = 2
  process.stderr.write(
    'Waymark needs Node 22.18 or newer and runs on Node ' +
      process.versions.node +
      ': install Node 24 (https://nodejs.org), or run `npm install --save-dev node@24` in your project and start it with `npx waymark`.\n',
  )
}
