import { nearest } from './did-you-mean.ts'
import { WaymarkError } from './errors.ts'

/** A stage that an attempt was asked to keep to, and that the pipeline never came to. */
export interface UnreachedStage {
  readonly option: 'only' | 'until'
  readonly name: string
  /** Names of the stages it came to, in the order of their calls. */
  readonly seen: readonly string[]
  /** The one of these that was probably meant. */
  readonly near?: string
}

export function unreachedStage(option: UnreachedStage['option'], name: string, seen: readonly string[]): UnreachedStage {
  const near = nearest(name, [...seen])
  return { option, name, seen, ...(near === undefined ? {} : { near }) }
}

/** One line for people: `finished without reaching --until reprot (stages seen: extract, report); did you mean --until report?`. */
export function unreachedText({ option, name, seen, near }: UnreachedStage): string {
  const stages = seen.length === 0 ? 'no stage was called' : `stages seen: ${seen.join(', ')}`
  return `finished without reaching --${option} ${name} (${stages})${near === undefined ? '' : `; did you mean --${option} ${near}?`}`
}

/** For an attempt that stopped before a stage, and had been asked for one that there was not until then. */
export function unreachedError(unreached: UnreachedStage, cause: unknown): WaymarkError {
  const { option, name, seen, near } = unreached
  const other = option === 'only' ? '; a stage that needs what another gives cannot be the only one of a new run' : ''
  return new WaymarkError('invalid', {
    message: `no stage ${JSON.stringify(name)} was reached: the stages it came to are ${seen.join(', ')}`,
    means: 'What was finished is recorded, and the run is paused.',
    remedy:
      near === undefined
        ? `Name one of these with --${option}${other}. With stages: ['…'] the pipeline tells its stages beforehand.`
        : `Did you mean --${option} ${near}?`,
    cause,
    details: { ...unreached, paused: true },
  })
}
