// npm run test:sealed [-- FILES…] The tests of the store with every store sealed: those that are opened on a disk by WAYMARK_KEY, and the logs on simulated ones by what src/testing/sealed-by-tests.ts says. Takes many minutes.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const folders = ['log', 'engine', 'chunks', 'catalog', 'seal']
const given = process.argv.slice(2)
const files = given.length > 0 ? given : folders.map(folder => `test/${folder}/**/*.test.ts`)
const child = spawn(
  process.execPath,
  [
    'scripts/with-compile-cache.js',
    '--conditions=waymark-source',
    '--test',
    '--test-concurrency=2',
    '--test-timeout=600000',
    ...files,
  ],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: 'inherit',
    env: {
      ...process.env,
      WAYMARK_TEST_SEALED: '1',
      WAYMARK_KEY: 'variable:WAYMARK_TEST_KEY',
      WAYMARK_TEST_KEY: randomBytes(32).toString('hex'),
    },
  },
)
child.on('exit', code => {
  process.exitCode = code ?? 1
})
