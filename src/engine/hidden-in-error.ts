import type { HiddenTexts } from '../model/hidden-texts.ts'
import type { StoredError } from '../model/records.ts'

/** An error without the texts that are not to be shown, in its messages, stacks and details, those of its causes included. */
export function hiddenInError(error: StoredError, hidden: HiddenTexts): StoredError {
  const { waymark, cause, stack, ...rest } = error
  return {
    ...rest,
    name: hidden.without(error.name),
    message: hidden.without(error.message),
    ...(stack === undefined ? {} : { stack: hidden.without(stack) }),
    ...(waymark === undefined
      ? {}
      : {
          waymark: {
            ...waymark,
            message: hidden.without(waymark.message),
            means: hidden.without(waymark.means),
            remedy: hidden.without(waymark.remedy),
            ...(waymark.details === undefined ? {} : { details: detailsWithout(waymark.details, hidden) }),
          },
        }),
    ...(cause === undefined ? {} : { cause: hiddenInError(cause, hidden) }),
  }
}

const detailsWithout = (details: Readonly<Record<string, unknown>>, hidden: HiddenTexts): Record<string, unknown> =>
  Object.fromEntries(Object.entries(details).map(([key, value]) => [key, partWithout(value, hidden)]))

/** Details are meant for JSON. */
function partWithout(value: unknown, hidden: HiddenTexts): unknown {
  if (typeof value === 'string') return hidden.without(value)
  if (Array.isArray(value)) return value.map(one => partWithout(one, hidden))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, partWithout(one, hidden)]))
}
