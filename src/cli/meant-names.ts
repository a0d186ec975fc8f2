import type { Store } from '../engine/store.ts'
import { nearest } from '../model/did-you-mean.ts'
import { stageNameOf } from '../model/scope.ts'
import type { CommandLine } from './command-line.ts'

/** As many runs are looked at for names. */
const runsForPipelines = 200
const runsForStages = 20
const mostShown = 10

/** A command line's names of pipelines and stages as they were meant. */
export interface MeantNames {
  readonly arguments: readonly string[]
  readonly flags: ReadonlyMap<string, string>
  readonly isCorrected: boolean
  /** What there is none of, and what there is. */
  readonly missing?: string
}

/** What is told where nothing fits. */
export interface MeantCommand {
  readonly hint?: { readonly command: string }
  readonly text: string
}

export function meantOf(command: string | undefined, { missing }: MeantNames): MeantCommand {
  if (command !== undefined) return { hint: { command }, text: `; did you mean: ${command}` }
  return { text: missing === undefined ? '' : `; ${missing}` }
}

/** Looks at what there is only where nothing fits: it reads some runs. */
export async function meantNames(store: Store, line: CommandLine, run: string | undefined): Promise<MeantNames> {
  const { flags } = line
  const meant = new Map<string, string>()
  const missing: string[] = []
  let words = line.arguments
  const check = (what: string, typed: string, known: readonly string[]): string | undefined => {
    if (known.includes(typed)) return undefined
    const near = nearest(typed, known)
    if (near === undefined) missing.push(`there is no ${what} ${JSON.stringify(typed)}${thereAre(known)}`)
    return near
  }
  const pipeline = flags.text('pipeline')
  if (pipeline !== undefined) {
    const runs = await store.runs({ limit: runsForPipelines })
    const near = check('pipeline', pipeline, [...new Set(runs.map(one => one.pipeline))])
    if (near !== undefined) meant.set('pipeline', near)
  }
  const [head = '', addressed, ...key] = (line.arguments[0] ?? '').split('/')
  const stage = flags.text('stage') ?? (addressed === '' ? undefined : addressed)
  if (stage !== undefined && missing.length === 0) {
    const known = await knownStages(store, run, meant.get('pipeline') ?? pipeline)
    // An item is in no list of stages.
    const near = known.includes(stageNameOf(stage)) ? undefined : check('stage', stage, known)
    if (near !== undefined && flags.text('stage') !== undefined) meant.set('stage', near)
    else if (near !== undefined) words = [[head, near, ...key].join('/'), ...line.arguments.slice(1)]
  }
  const isCorrected = meant.size > 0 || words !== line.arguments
  return { arguments: words, flags: meant, isCorrected, ...(missing[0] === undefined ? {} : { missing: missing[0] }) }
}

/** Paths of stages, and names of those that are called in a loop. */
async function knownStages(store: Store, run: string | undefined, pipeline: string | undefined): Promise<readonly string[]> {
  const found =
    run === undefined ? await store.runs({ limit: runsForStages, ...(pipeline === undefined ? {} : { pipeline }) }) : []
  const known = new Set<string>()
  for (const id of run === undefined ? found.map(one => one.id) : [run])
    for (const { path } of await store.stages(id)) known.add(stageNameOf(path)).add(path)
  return [...known]
}

/** Single calls in a loop are too many to be listed. */
function thereAre(known: readonly string[]): string {
  const shown = known.filter(name => !name.includes('['))
  if (shown.length === 0) return ''
  const more = shown.length > mostShown ? ', …' : ''
  return `; there are: ${shown.slice(0, mostShown).join(', ')}${more}`
}
