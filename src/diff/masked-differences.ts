import type { SecretMask } from '../model/secret-mask.ts'
import type { Difference } from './difference.ts'

/** The differences, with every secret in them replaced; that it differs is still told. */
export const maskedDifferences = (mask: SecretMask, differences: readonly Difference[]): Difference[] =>
  differences.map(one => maskedDifference(mask, one))

function maskedDifference(mask: SecretMask, one: Difference): Difference {
  switch (one.kind) {
    case 'added':
    case 'moved':
      return { ...one, after: mask.value(one.after, one.steps) }
    case 'removed':
      return { ...one, before: mask.value(one.before, one.steps) }
    case 'changed':
      return { ...one, before: mask.value(one.before, one.stepsBefore), after: mask.value(one.after, one.steps) }
  }
}
