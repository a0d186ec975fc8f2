import { WaymarkError } from '../model/errors.ts'
import type { ScopePath } from '../model/scope.ts'
import type { CallSite } from './call-site.ts'

export function calledTwice(path: ScopePath, earlier: CallSite, later: CallSite): WaymarkError {
  const places = [earlier.describe() ?? 'an unknown place', later.describe() ?? 'an unknown place']
  return new WaymarkError('conflict', {
    message: `the stage ${JSON.stringify(path)} is called twice: at ${places[0]} and at ${places[1]}`,
    means: 'The first call goes on; the second did nothing. Results are known by name, so one name cannot hold two.',
    remedy: 'Give the second another name, or in a loop a key: run.stage(name, fn, { key }).',
    details: { stage: path, places },
  })
}

export function sameOutput(file: string, holder: ScopePath, path: ScopePath): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${path} and ${holder} have the same output file, ${file}`,
    means: `${path} was not run; what ${holder} wrote is untouched.`,
    remedy: 'Give each stage an output file of its own.',
    details: { stages: [holder, path], file },
  })
}

export function outerRunInside(path: ScopePath, scope: ScopePath): WaymarkError {
  return new WaymarkError('conflict', {
    message: `run.stage or run.each (${JSON.stringify(path)}) was called inside the function of ${JSON.stringify(scope)}`,
    means: 'The call did nothing: whether a stage belongs to an item is told by whom it is called through.',
    remedy: 'Use the function’s own context: ctx.stage(…) or ctx.each(…).',
    details: { stage: path, scope },
  })
}
