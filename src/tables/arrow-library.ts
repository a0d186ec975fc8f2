import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { WaymarkError } from '../model/errors.ts'
import { missingPackage } from '../model/missing-package.ts'

export type ArrowLibrary = typeof import('apache-arrow')

let loaded: ArrowLibrary | undefined

/**
 * The package `apache-arrow`, the same module that `import 'apache-arrow'` gives; loaded when it is first needed, without waiting.
 *
 * @throws WaymarkError `unsupported` if it is not installed
 */
export function arrowLibrary(): ArrowLibrary {
  loaded ??= load()
  return loaded
}

function load(): ArrowLibrary {
  try {
    // `require` by name would give the CommonJS copy, whose classes are others than those a user imports.
    const path = fileURLToPath(import.meta.resolve('apache-arrow'))
    const library: unknown = createRequire(import.meta.url)(path)
    if (isLibrary(library)) return library
  } catch (error) {
    throw missing(error)
  }
  throw missing(undefined)
}

const isLibrary = (library: unknown): library is ArrowLibrary =>
  typeof library === 'object' && library !== null && 'Table' in library && 'Data' in library && 'tableFromIPC' in library

const missing = (cause: unknown): WaymarkError =>
  missingPackage({ need: 'an Arrow table needs', name: 'apache-arrow', means: 'Nothing was read or changed.', cause })
