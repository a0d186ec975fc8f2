import { describe } from './describe.ts'
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
  /**
   * What to say of a name that could not be looked up because no stage was known beforehand, now that the function of the pipeline has ended: undefined if a stage of every name was
   * called.
   */
  neverCalled(called: readonly ScopePath[]): WaymarkError | undefined
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
    for (const name of given) checkName(option, name, option === 'redo' ? redoable : nameable)
  }
  const { until } = asked
  const only = asked.only === undefined || asked.only.length === 0 ? undefined : new Set(asked.only)
  const onlyText = asked.only?.map(one => `--only ${one}`).join(' ')
  const places = new Map(names.map((name, place) => [name, place]))
  const untilAt = until === undefined ? undefined : places.get(stageNameOf(until))
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
      if (only !== undefined && !only.has(top) && !only.has(name)) return onlyText
      if (until === undefined) return undefined
      const at = places.get(name)
      // One that nobody knew of comes after what is finished before it is called.
      const isAfter = at === undefined || untilAt === undefined ? name !== stageNameOf(until) && isDone(until) : at > untilAt
      return isAfter ? `--until ${until}` : undefined
    },
    neverCalled(called) {
      if (names.length > 0) return undefined
      const seen = [...new Set(called.filter(path => !path.includes('/')).flatMap(path => [path, stageNameOf(path)]))]
      const missing = asksFor(asked).find(({ name }) => !seen.includes(name))
      return missing && unseen(missing, [...new Set(seen.map(stageNameOf))])
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

function checkName(option: string, name: unknown, all: ReadonlySet<string>): void {
  if (typeof name === 'string' && all.has(name)) return
  // Of a first run that declares nothing no name is known yet; there is nothing to throw away either.
  const mayCome = all.size === 0 && (option === 'only' || option === 'until')
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

function unseen({ option, name }: AskedFor, seen: readonly string[]): WaymarkError {
  const near = nearest(name, seen)
  const came = seen.length === 0 ? 'no stage was reached' : `the stages it came to are ${seen.join(', ')}`
  const other = option === 'only' ? '; a stage that needs what another gives cannot be the only one of a new run' : ''
  return new WaymarkError('invalid', {
    message: `no stage ${JSON.stringify(name)} was reached, and the pipeline has ended: ${came}`,
    means: 'What was finished is recorded, and the run can go on; it is not completed.',
    remedy:
      near === undefined
        ? `Name ${seen.length === 0 ? 'a stage that it calls' : 'one of these'} with --${option}${other}. With stages: ['…'] the pipeline tells its stages beforehand.`
        : `Did you mean --${option} ${near}?`,
    details: { option, seen: [...seen], ...(near === undefined ? {} : { near }) },
  })
}

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
