import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** A change of the sources. */
export interface Edit {
  /** Below src. */
  readonly file: string
  /** Must occur exactly once. */
  readonly text: string
  readonly by: string
}

const imports = ['../bin/own-modules.js', './edit-sources.ts'].flatMap(path => ['--import', new URL(path, import.meta.url).href])

/** Runs a script with edited sources in a process of its own; resolves with the JSON it prints. */
export async function runEdited<T>(edits: readonly Edit[], script: string, ...args: readonly string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [...imports, script, ...args], {
    env: { ...process.env, EDITED_SOURCES: JSON.stringify(edits) },
  })
  return JSON.parse(stdout)
}
