import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { describe } from 'node:test'

/**
 * Declares the tests of several files in this process. Each file is a suite named by its path: its hooks are its own, and it is
 * noticed if the suite does not end.
 *
 * @param files A file that awaits something before it has declared its tests fails: a suite does not wait for it.
 */
export function shareProcess(files: readonly string[]): void {
  const load = createRequire(import.meta.url)
  for (const file of files) {
    describe(file, () => {
      load(resolve(file))
    })
  }
}
