import { spawnSync } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isPipeline, type Pipeline } from '../engine/pipeline.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { nearFile, shownPath } from './pipeline-path.ts'

/**
 * Imports the pipeline that `file` exports as default.
 *
 * @throws WaymarkError `invalid` saying what is wrong with the file and where
 */
export async function importPipeline(file: string, shown: string): Promise<Pipeline> {
  let module: Readonly<Record<string, unknown>>
  try {
    module = await import(pathToFileURL(file).href)
  } catch (error) {
    throw importFault(error, file, shown)
  }
  const found = module['default']
  if (isPipeline(found)) return found
  const named = Object.keys(module).find(name => isPipeline(module[name]))
  if (named !== undefined) {
    throw notAPipeline(`the pipeline of ${shown} is exported as "${named}" and not as default`, `Write: export default ${named}`)
  }
  if (isForeignPipeline(found)) {
    throw new WaymarkError('unsupported', {
      message: `the pipeline of ${shown} was made by another copy of waymark than the one that runs it`,
      means: nothingRun,
      remedy: `Use the copy of the project: npx waymark run ${shown}`,
    })
  }
  const what =
    'default' in module
      ? `the default export of ${shown} is ${describe(found)} and no pipeline`
      : `${shown} has no default export`
  throw notAPipeline(what, "Write: export default pipeline('name', async run => { … })")
}

/** By its shape: two copies of the package do not know each other's objects. */
const isForeignPipeline = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'name' in value && 'attempt' in value && typeof value.attempt === 'function'

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function importFault(error: unknown, file: string, shown: string): WaymarkError {
  if (isWaymarkError(error)) return error
  const thrown = error instanceof Error ? error : new Error(String(error))
  const code = 'code' in thrown ? thrown.code : undefined
  if (code === 'ERR_MODULE_NOT_FOUND') return missingImport(thrown, shown)
  if (thrown instanceof SyntaxError) return syntaxFault(thrown, code, file, shown)
  return new WaymarkError('invalid', {
    message: `${shown} threw while it was loaded: ${thrown.name}: ${thrown.message}`,
    means: nothingRun,
    remedy: `Correct ${shownPlace(thrown.stack) ?? shown}; work belongs into the pipeline's function.`,
    cause: error,
  })
}

function syntaxFault(error: SyntaxError, code: unknown, file: string, shown: string): WaymarkError {
  const place = firstPlace(error.stack) ?? placeByCheck(file) ?? shown
  const unsupported = code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
  const missingExport = /does not provide an export/.test(error.message)
  return new WaymarkError('invalid', {
    message: `${place}: ${missingExport || unsupported ? '' : 'syntax error: '}${error.message}`,
    means: nothingRun,
    remedy: unsupported
      ? 'Node runs TypeScript by taking the types away: write a const object for an enum, and fields for parameter properties (tsc --erasableSyntaxOnly finds them).'
      : `Correct ${place}.`,
    details: { place },
  })
}

function missingImport(error: Error, shown: string): WaymarkError {
  const match = /^Cannot find (package|module) '(.+?)' imported from (.+?)(?:\n|$)/.exec(error.message)
  const wanted = match?.[2] ?? ''
  const from = match?.[3] === undefined ? shown : shownPath(match[3].startsWith('file:') ? fileURLToPath(match[3]) : match[3])
  if (match?.[1] === 'package') {
    return new WaymarkError('invalid', {
      message: `${from} imports the package "${wanted}", which is not installed`,
      means: nothingRun,
      remedy: `npm install ${wanted
        .split('/')
        .slice(0, wanted.startsWith('@') ? 2 : 1)
        .join('/')}`,
      details: { package: wanted },
    })
  }
  const near = match === null ? undefined : nearFile(wanted)
  return new WaymarkError('invalid', {
    message:
      match === null
        ? `${shown}: ${error.message}`
        : `${from} imports ${shownPath(wanted)}, which does not exist${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: nothingRun,
    remedy: `Correct the import in ${from} (Node needs the file's ending: './part.ts').`,
    details: { file: wanted },
  })
}

/** Node puts `file:line` before a syntax error's stack … */
function firstPlace(stack: string | undefined): string | undefined {
  const match = /^(?:file:\/\/)?(\/[^\n]*?|[A-Za-z]:\\[^\n]*?):(\d+)(?:\n|$)/.exec(stack ?? '')
  return match === null ? undefined : `${shownPath(match[1] ?? '')}:${match[2]}`
}

/** … but for plain JavaScript only where it prints the error itself. */
function placeByCheck(file: string): string | undefined {
  const checked = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 10_000 })
  return firstPlace(checked.stderr)
}

/** First place of a stack that lies in a file of the user. */
function shownPlace(stack: string | undefined): string | undefined {
  const match = /file:\/\/(\/[^\s()]+?:\d+):\d+/.exec(stack ?? '')
  return match?.[1] === undefined ? undefined : shownPath(match[1])
}

const notAPipeline = (message: string, remedy: string): WaymarkError =>
  new WaymarkError('invalid', { message, means: nothingRun, remedy })
const nothingRun = 'Nothing was run.'
