/** How two values are compared. */
export interface DiffOptions {
  /** Elements of arrays that are all objects with a text or number under this key, each its own, are known by it. Default: `id`, `key` or `name`, whichever fits. */
  readonly arrayKey?: string
  /** Places that are not compared, with all they hold: paths with `*` for any one step or part of a name, `**` for any number of steps. */
  readonly ignore?: readonly string[]
  /** At most so many differences are listed; all are counted. Default 100,000. */
  readonly limit?: number
  /** What stands for an instance of a class; undefined for one that is compared by its own properties. */
  readonly contentOf?: (instance: object) => { readonly content: unknown } | undefined
}

export const defaultDiffLimit = 100_000
