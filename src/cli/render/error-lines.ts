import type { ErrorJson } from '../../model/errors.ts'
import type { StoredError } from '../../model/records.ts'
import { type Line, span } from './screen.ts'

const maxCauses = 5

/** An error as it is told to people: what, what it means for their data, what to do; of user code also where. */
export function errorLines(error: ErrorJson, cause: StoredError | undefined, debug: boolean): Line[] {
  const [first = '', ...more] = error.message.split('\n')
  const lines: Line[] = [
    [span(`error ${error.code}`, 'bad'), span(`  ${first}`, 'strong')],
    ...more.map(text => [span(`  ${text}`)]),
  ]
  let told = error.message
  let depth = 0
  for (let one = cause; one !== undefined && depth < maxCauses; one = one.cause, depth++) {
    const text = `${one.name}: ${one.message}`
    if (!told.includes(one.message) || one.message === '')
      lines.push([span('  cause  ', 'quiet'), span(text.split('\n')[0] ?? text)])
    told += text
    const frames = debug ? allFrames(one.stack) : ownFrames(one.stack)
    lines.push(...frames.map(frame => [span('  at     ', 'quiet'), span(frame)]))
  }
  lines.push([span('  means  ', 'quiet'), span(error.means)], [span('  do     ', 'quiet'), span(error.remedy)])
  return lines
}

const allFrames = (stack: string | undefined): string[] =>
  (stack ?? '')
    .split('\n')
    .map(text => text.trim())
    .filter(text => text.startsWith('at '))
    .map(text => text.slice(3))

/** Frames of the user's own files: neither Node's, nor a dependency's, nor Waymark's. At most four. */
function ownFrames(stack: string | undefined): string[] {
  return allFrames(stack)
    .filter(frame => !/\bnode:|node_modules|<anonymous>/.test(frame) && !ownFolders.some(folder => frame.includes(folder)))
    .map(frame => frame.replaceAll('file://', ''))
    .slice(0, 4)
}

/** Where Waymark itself lies. */
const ownFolders = ['../../', '../../../bin/'].map(folder => new URL(folder, import.meta.url).pathname)
