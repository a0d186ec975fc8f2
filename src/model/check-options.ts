import { describe } from './describe.ts'
import { nearest } from './did-you-mean.ts'
import { WaymarkError } from './errors.ts'

/** What an option may be. */
export interface OptionRule {
  /** Completes “must be …”. */
  readonly text: string
  readonly holds: (value: unknown) => boolean
}

/** A rule for every option there is, in the order in which they are listed to who misspells one. */
export type OptionRules<Options> = { readonly [Name in keyof Required<Options>]: OptionRule }

/** Rules that many options have. */
export const optionRules = {
  /** Checked where it is used. */
  any: { text: 'anything', holds: () => true },
  text: { text: 'a text that is not empty', holds: value => typeof value === 'string' && value !== '' },
  /** A word such as the name of a stage, or a number. */
  key: {
    text: 'a text that is not empty, or a number',
    holds: value => (typeof value === 'string' && value !== '') || (typeof value === 'number' && Number.isFinite(value)),
  },
  names: {
    text: 'a list of names',
    holds: value => Array.isArray(value) && value.every(one => typeof one === 'string' && one !== ''),
  },
  list: { text: 'a list', holds: value => Array.isArray(value) },
  flag: { text: 'true or false', holds: value => typeof value === 'boolean' },
  function: { text: 'a function', holds: value => typeof value === 'function' },
  signal: { text: 'an AbortSignal', holds: value => value instanceof AbortSignal },
  /** Infinity: no limit. */
  limitMs: { text: 'a number of milliseconds above 0', holds: value => typeof value === 'number' && value > 0 },
  /** Infinity: never. */
  spanMs: { text: 'a number of milliseconds, 0 or more', holds: value => typeof value === 'number' && value >= 0 },
} satisfies Record<string, OptionRule>

/**
 * Types are gone when a program runs, and an option nobody knows is most often a known one misspelt: without a word the default would hold in its place.
 *
 * @param call What was given the options, for the message.
 * @throws WaymarkError `invalid` with the name, and the one that is meant
 */
export function checkOptions<Options extends object>(
  call: string,
  options: unknown,
  rules: OptionRules<Options>,
  means = 'Nothing was run or changed.',
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw bad(call, `the options are ${describe(options)}, not an object`, means, 'Give an object, or leave it out.')
  const byName: Readonly<Record<string, OptionRule>> = rules
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(byName, name) ? byName[name] : undefined
    if (rule === undefined) throw unknownOption(call, name, Object.keys(rules), means)
    if (value !== undefined && !rule.holds(value))
      throw bad(
        call,
        `${name} must be ${rule.text}, not ${describe(value)}`,
        means,
        `Give ${rule.text}, or leave ${name} out.`,
        name,
      )
  }
}

/** The error for an option that there is not. */
export function unknownOption(call: string, name: string, known: readonly string[], means: string): WaymarkError {
  const near = nearest(name, known)
  const remedy = near === undefined ? `There are ${known.join(', ')}.` : `Did you mean ${near}?`
  return bad(call, `there is no option ${JSON.stringify(name)}`, means, remedy, name)
}

function bad(call: string, what: string, means: string, remedy: string, option?: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${call}: ${what}`,
    means,
    remedy,
    ...(option === undefined ? {} : { details: { option } }),
  })
}
