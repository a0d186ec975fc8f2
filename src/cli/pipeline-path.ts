import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'

const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']

/**
 * Checks that a path can be a pipeline's file before a process is started for it.
 *
 * @throws WaymarkError `not_found` with a near name, `invalid` for a folder or another kind of file
 */
export function checkPipelineFile(file: string, shown: string): void {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) {
    const near = nearFile(file)
    const meant = near === undefined ? '' : `; did you mean ${near}?`
    throw new WaymarkError('not_found', {
      message: `there is no file ${shown}${meant}`,
      means: nothingRun,
      remedy: near === undefined ? 'Give the path of the file whose default export is the pipeline.' : `waymark run ${near}`,
    })
  }
  if (stat.isDirectory()) throw notAPipeline(`${shown} is a folder`, 'Give the file in it whose default export is the pipeline.')
  if (!extensions.includes(extname(file))) {
    throw notAPipeline(`${shown} is no TypeScript or JavaScript file`, `Give a file ending in ${extensions.join(', ')}.`)
  }
}

/** A name in the same folder that was probably meant, with the folder as the user wrote it. */
export function nearFile(file: string): string | undefined {
  const folder = dirname(file)
  if (!existsSync(folder)) return undefined
  const names = readdirSync(folder).filter(name => extensions.includes(extname(name)))
  const name = names.find(other => basename(other, extname(other)) === basename(file)) ?? nearest(basename(file), names)
  return name === undefined ? undefined : shownPath(join(folder, name))
}

/** A path as it can be said from the working folder. */
export const shownPath = (file: string): string => {
  const here = `${process.cwd()}/`
  return file.startsWith(here) ? file.slice(here.length) : file
}

const notAPipeline = (message: string, remedy: string): WaymarkError =>
  new WaymarkError('invalid', { message, means: nothingRun, remedy })
const nothingRun = 'Nothing was run.'
