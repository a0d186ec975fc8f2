import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './code-blocks.ts'

/** Debian's packages belong to the system's own Python, which need not be the first in PATH. */
const python = ['python3', '/usr/bin/python3'].find(
  command => spawnSync(command, ['-c', 'import zstandard, brotli, cryptography']).status === 0,
)

/** For `test(…, { skip })`: what to do where the independent reader cannot run. */
export const skipWithoutPython: string | false =
  python === undefined &&
  'python3 WITH zstandard, brotli AND cryptography IS MISSING, the independent reader was not run: sh scripts/install-python-reader.sh'

/** A line that `test/docs/read_store.py` prints. */
export type ReadLine = Readonly<Record<string, unknown>>

/** What the independent reader says of a store; and which of these keys are among those of finished items. `keyFile`: of a sealed store. */
export function readStore(
  path: string,
  keys: readonly string[] = [],
  keyFile?: string,
): {
  readonly lines: readonly ReadLine[]
  readonly status: number | null
  readonly stderr: string
} {
  const { stdout, stderr, status, error } = spawnSync(
    python ?? 'python3',
    [join(root, 'test/docs/read_store.py'), ...(keyFile === undefined ? [] : ['--key-file', keyFile]), path, ...keys],
    {
      encoding: 'utf8',
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      maxBuffer: 1 << 28,
    },
  )
  if (error !== undefined) throw error
  const lines = status === 0 ? stdout.trimEnd().split('\n') : []
  return { lines: lines.map((line): ReadLine => JSON.parse(line)), status, stderr }
}
