import type { DiffOptions } from '../diff/diff-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { PathPatterns } from '../model/path-pattern.ts'
import { checkOptionNames } from './check-labels.ts'

/** How `store.diff` compares, and what it shows. */
export interface StoreDiffOptions extends Pick<DiffOptions, 'arrayKey' | 'ignore' | 'limit'> {
  /** Values at these paths (with `*` and `**`) are hidden, besides those whose key says that they are a secret. */
  readonly mask?: readonly string[]
  /** Shows secrets too. Default false. */
  readonly showSecrets?: boolean
  /** Rows of tables shown of each kind. Default 3. */
  readonly samples?: number
}

/** @throws WaymarkError `invalid` for an unknown option, a wrong type, or a path that cannot be understood */
export function checkDiffOptions(options: StoreDiffOptions): void {
  checkOptionNames('diff', options, ['arrayKey', 'ignore', 'limit', 'mask', 'showSecrets', 'samples'])
  const { arrayKey, ignore = [], limit, mask = [], samples } = options
  if (arrayKey !== undefined && (typeof arrayKey !== 'string' || arrayKey === '')) throw wrong('arrayKey', 'the name of a key')
  for (const [name, value] of Object.entries({ ignore, mask })) {
    if (!Array.isArray(value) || value.some(path => typeof path !== 'string')) throw wrong(name, 'a list of paths')
  }
  for (const [name, value] of Object.entries({ limit, samples })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) throw wrong(name, 'a whole number from 0')
  }
  new PathPatterns([...ignore, ...mask])
}

const wrong = (name: string, what: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `the option ${name} of diff is not ${what}`,
    means: 'Nothing was compared.',
    remedy: "store.diff(a, b, { arrayKey: 'id', ignore: ['**.updatedAt'] })",
    details: { option: name },
  })
