import { describe } from './describe.ts'
import { nearest } from './did-you-mean.ts'
import { WaymarkError } from './errors.ts'
import { type ScopePath, stageNameOf, topOf } from './scope.ts'
import { type UnreachedStage, unreachedStage } from './unreached-stage.ts'

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
  /** Whether there are no others, as far as can be told: they are declared, or of a run that was finished. What an unfinished one recorded is not all there is. */
  readonly areAll: boolean
}

/** What {@link AskedStages} comes to for the stages that are known. */
export interface StageSelection {
  /** Why a stage is to be thrown away, if that was asked for. */
  redoFor(path: ScopePath): string | undefined
  /** The option that a stage is left for, as it is typed, if the attempt must not call it; `isDone` tells whether a stage of a name is finished. */
  leftFor(path: ScopePath, isDone: (name: string) => boolean): string | undefined
  /** For the plan: names that no stage is known to have so far, and that may be misspelt. */
  readonly doubts: readonly string[]
  /** Of the names that could not be looked up because not all stages were known beforehand, one that none of these has. */
  unreached(called: readonly ScopePath[]): UnreachedStage | undefined
}

/** @throws WaymarkError `invalid` for a name that no stage has, with the one that is meant, and for options that contradict each other */
export function selectStages(asked: AskedStages, known: KnownStages): StageSelection {
  for (const option of ['redo', 'only'] as const) mustBeList(option, asked[option])
  mustNotContradict(asked)
  const names = orderedNames(known)
  const nameable = new Set([...names, ...known.recorded])
  const redoable = new Set(asked.redo?.length ? [...nameable, ...known.inside.flatMap(path => [path, stageNameOf(path)])] : [])
  for (const [option, given] of [
    ['redo', asked.redo ?? []],
    ['from', asked.from === undefined ? [] : [asked.from]],
    ['only', asked.only ?? []],
    ['until', asked.until === undefined ? [] : [asked.until]],
  ] as const) {
    for (const name of given) checkName(option, name, option === 'redo' ? redoable : nameable, known.areAll)
  }
  const { until } = asked
  const only = asked.only === undefined || asked.only.length === 0 ? undefined : new Set(asked.only)
  const onlyText = asked.only?.map(one => `--only ${one}`).join(' ')
  const places = new Map(names.map((name, place) => [name, place]))
  const untilAt = until === undefined ? undefined : places.get(stageNameOf(until))
  const redo = new Set(asked.redo)
  const unknown = asksFor(asked).filter(({ name }) => !nameable.has(name))
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
      if (only !== undefined && !only.has(top) && !only.has(name)) return onlyText
      if (until === undefined) return undefined
      const at = places.get(name)
      // One that nobody knew of comes after what is finished before it is called.
      const isAfter = at === undefined || untilAt === undefined ? name !== stageNameOf(until) && isDone(until) : at > untilAt
      return isAfter ? `--until ${until}` : undefined
    },
    doubts: unknown.flatMap(({ option, name }) => {
      const near = nearest(name, [...nameable])
      return near === undefined ? [] : [`no stage ${JSON.stringify(name)} is known so far; did you mean --${option} ${near}?`]
    }),
    unreached(called) {
      if (unknown.length === 0) return undefined
      const own = called.filter(path => !path.includes('/'))
      const seen = new Set(own.flatMap(path => [path, stageNameOf(path)]))
      const missing = unknown.find(({ name }) => !seen.has(name))
      return missing && unreachedStage(missing.option, missing.name, [...new Set(own.map(stageNameOf))])
    },
  }
}

/** Names of all stages known, in the order in which they come: as expected, with the others where they were first called. */
function orderedNames({ recorded, expected }: KnownStages): readonly string[] {
  // What comes after each; after '', which no stage is called, comes the first.
  const next = new Map<string, string | undefined>()
  let before = ''
  const insert = (name: string): void => {
    if (!next.has(name)) {
      next.set(name, next.get(before))
      next.set(before, name)
    }
    before = name
  }
  for (const name of new Set(expected.map(stageNameOf))) insert(name)
  before = ''
  for (const path of recorded) insert(stageNameOf(path))
  const names: string[] = []
  for (let name = next.get(''); name !== undefined; name = next.get(name)) names.push(name)
  return names
}

const stagesFrom = (from: string, names: readonly string[]): readonly string[] => [
  from,
  ...names.slice(names.indexOf(stageNameOf(from)) + 1),
]

function checkName(option: string, name: unknown, all: ReadonlySet<string>, areAll: boolean): void {
  if (typeof name === 'string' && all.has(name)) return
  // Of a run that declares nothing, before one was ever finished; of what is not recorded there is nothing to throw away either.
  const mayCome = !areAll && (option === 'only' || option === 'until')
  if (typeof name === 'string' && name !== '' && mayCome) return
  const near = typeof name === 'string' ? nearest(name, [...all]) : undefined
  throw new WaymarkError('invalid', {
    message: `there is no stage ${JSON.stringify(name)} ${purposes[option] ?? ''}`,
    means: 'Nothing was run or thrown away.',
    remedy: near === undefined ? 'Name a stage as the plan shows it (--plan).' : `Did you mean --${option} ${near}?`,
    details: { option, ...(near === undefined ? {} : { near }) },
  })
}

interface AskedFor {
  readonly option: 'only' | 'until'
  readonly name: string
}

/** What is said of stages that may come. */
const asksFor = ({ only = [], until }: AskedStages): readonly AskedFor[] => [
  ...only.map(name => ({ option: 'only' as const, name })),
  ...(until === undefined ? [] : [{ option: 'until' as const, name: until }]),
]

function mustNotContradict({ only = [], from, until }: AskedStages): void {
  const other = from !== undefined ? 'from' : until !== undefined ? 'until' : undefined
  if (only.length === 0 || other === undefined) return
  throw new WaymarkError('invalid', {
    message: `--only and --${other} contradict each other`,
    means: 'Nothing was run or thrown away.',
    remedy:
      other === 'from'
        ? `Use --from alone, or --redo ${from} --only ${from} to call that one again and nothing after it.`
        : 'Use one of the two: --only calls nothing but what it names, --until everything up to it.',
    details: { options: ['only', other] },
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
    message: `${option} is ${describe(given)}, not a list of stages`,
    means: 'Nothing was run or thrown away.',
    remedy: `${option}: ['extract'] names one stage.`,
    details: { option },
  })
}
