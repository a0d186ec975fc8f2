/** Where in a run an error was thrown. */
export interface ErrorPlace {
  readonly run: string
  readonly stage: string
  /** Key of the item. */
  readonly item?: string
  /** Place of the item in the input, from 0. */
  readonly index?: number
}

const places = new WeakMap<object, ErrorPlace>()

/** Attaches the place to the user's own error, which stays as it is otherwise. The innermost place wins. */
export function attachPlace(error: unknown, place: ErrorPlace): void {
  if (typeof error !== 'object' || error === null || places.has(error)) return
  places.set(error, place)
}

/**
 * Where in a run this error was thrown, if a stage or an item threw it.
 *
 * @example
 * try { await run.stage('extract', extract) } catch (error) { console.error(placeOf(error)?.stage) }
 */
export function placeOf(error: unknown): ErrorPlace | undefined {
  return typeof error === 'object' && error !== null ? places.get(error) : undefined
}
