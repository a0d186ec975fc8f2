// node --import test/edit-sources.ts SCRIPT: the script gets the sources with the edits in EDITED_SOURCES. Unlike a copy of them, what is not
// edited is found compiled.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Edit } from './run-edited.ts'

const src = new URL('../src/', import.meta.url).href
const edits: readonly Edit[] = JSON.parse(process.env['EDITED_SOURCES'] ?? '[]')

registerHooks({
  load(url, context, nextLoad) {
    const own = edits.filter(({ file }) => url === src + file)
    if (own.length === 0) return nextLoad(url, context)
    let source = readFileSync(fileURLToPath(url), 'utf8')
    for (const { file, text, by } of own) {
      const parts = source.split(text)
      if (parts.length !== 2) throw new Error(`${file} must hold this exactly once: ${text}`)
      source = parts.join(by)
    }
    return { format: 'module-typescript', source, shortCircuit: true }
  },
})
