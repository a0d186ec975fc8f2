import { nearest } from './did-you-mean.ts'
import { WaymarkError } from './errors.ts'
import { type ScopePath, stageNameOf, topOf } from './scope.ts'

/** Which stages an attempt is asked to throw away or to keep to, as the user named them: with or without the key of a loop. */
export interface AskedStages {
  /** Thrown away and called again. */
  readonly redo?: readonly string[] | undefined
  /** Thrown away and called again, and all after it. */
  readonly from?: string | undefined
  /** Nothing but these is called. */
  readonly only?: readonly string[] | undefined
  /** Nothing after this one is called. */
  readonly until?: string | undefined
}

export interface KnownStages {
  /** Recorded top-level stages, in the order of their first calls. */
  readonly recorded: readonly ScopePath[]
  /** Recorded stages inside others: these can only be redone. */
  readonly inside: readonly ScopePath[]
  /** Declared by the pipeline, or else those of its last finished run; in order. */
  readonly expected: readonly string[]
}

/** What {@link AskedStages} comes to for the stages that are known. */
export interface StageSelection {
  /** Why a stage is to be thrown away, if that was asked for. */
  redoFor(path: ScopePath): string | undefined
  /** The option that a stage is left for, as it is typed, if the attempt must not call it; `isDone` tells whether a stage of a name is finished. */
  leftFor(path: ScopePath, isDone: (name: string) => boolean): string | undefined
}

/** @throws WaymarkError `invalid` for a name that no stage has, with the one that is meant */
export function selectStages(asked: AskedStages, known: KnownStages): StageSelection {
  for (const option of ['redo', 'only'] as const) mustBeList(option, asked[option])
  const names = orderedNames(known)
  for (const [option, given] of [
    ['redo', asked.redo ?? []],
    ['from', asked.from === undefined ? [] : [asked.from]],
    ['only', asked.only ?? []],
    ['until', asked.until === undefined ? [] : [asked.until]],
  ] as const) {
    for (const name of given) checkName(option, name, names, known)
  }
  const { only, until } = asked
  const untilAt = until === undefined ? -1 : names.indexOf(stageNameOf(until))
  const redo = new Set(asked.redo)
  const from = new Set(asked.from === undefined ? [] : stagesFrom(asked.from, names))
  return {
    redoFor(path) {
      const name = stageNameOf(path)
      if (redo.has(path) || redo.has(name)) return 'asked for with --redo'
      return from.has(path) || from.has(name) ? `asked for with --from ${asked.from}` : undefined
    },
    leftFor(path, isDone) {
      const top = topOf(path)
      const name = stageNameOf(top)
      if (only !== undefined && only.length > 0 && !only.includes(top) && !only.includes(name))
        return only.map(one => `--only ${one}`).join(' ')
      if (until === undefined) return undefined
      const at = names.indexOf(name)
      // One that nobody knew of comes after what is finished before it is called.
      const isAfter = at === -1 || untilAt === -1 ? name !== stageNameOf(until) && isDone(until) : at > untilAt
      return isAfter ? `--until ${until}` : undefined
    },
  }
}

/** Names of all stages known, in the order in which they come: as expected, with the others where they were first called. */
function orderedNames({ recorded, expected }: KnownStages): readonly string[] {
  const names = [...new Set(expected.map(stageNameOf))]
  let before = -1
  for (const path of recorded) {
    const name = stageNameOf(path)
    const at = names.indexOf(name)
    if (at !== -1) before = at
    else names.splice(++before, 0, name)
  }
  return names
}

const stagesFrom = (from: string, names: readonly string[]): readonly string[] => [
  from,
  ...names.slice(names.indexOf(stageNameOf(from)) + 1),
]

function checkName(option: string, name: unknown, names: readonly string[], { recorded, inside }: KnownStages): void {
  const all = [
    ...new Set([...names, ...recorded, ...(option === 'redo' ? inside.flatMap(path => [path, stageNameOf(path)]) : [])]),
  ]
  if (typeof name === 'string' && all.includes(name)) return
  // Of a first run that declares nothing no name is known yet; there is nothing to throw away either.
  const mayCome = all.length === 0 && (option === 'only' || option === 'until')
  if (typeof name === 'string' && name !== '' && mayCome) return
  const near = typeof name === 'string' ? nearest(name, all) : undefined
  throw new WaymarkError('invalid', {
    message: `there is no stage ${JSON.stringify(name)} ${purposes[option] ?? ''}`,
    means: 'Nothing was run or thrown away.',
    remedy: near === undefined ? 'Name a stage as the plan shows it (--plan).' : `Did you mean --${option} ${near}?`,
    details: { option, ...(near === undefined ? {} : { near }) },
  })
}

const purposes: Readonly<Record<string, string>> = {
  redo: 'to redo',
  from: 'to redo from',
  only: 'to keep to',
  until: 'to stop after',
}

function mustBeList(option: string, given: unknown): void {
  if (given === undefined || Array.isArray(given)) return
  throw new WaymarkError('invalid', {
    message: `${option} is ${typeof given === 'string' ? JSON.stringify(given) : `a ${typeof given}`}, not a list of stages`,
    means: 'Nothing was run or thrown away.',
    remedy: `${option}: ['extract'] names one stage.`,
    details: { option },
  })
}
