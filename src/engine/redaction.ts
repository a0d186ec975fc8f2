import { parsePath } from '../format/parse-path.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { HiddenTexts, maskedText } from '../model/hidden-texts.ts'
import { PathPatterns } from '../model/path-pattern.ts'
import type { StoredError } from '../model/records.ts'
import { SecretMask } from '../model/secret-mask.ts'
import type { TableFacts } from '../model/table-facts.ts'
import type { ValueStep } from '../model/value-step.ts'
import { hiddenInError } from './hidden-in-error.ts'
import { withoutSecretColumns } from './secret-columns.ts'
import { coreOf, type Store } from './store.ts'
import { storeError } from './stored-error.ts'

/** What a value is of: the first name of the paths in it. */
export type RedactedRoot = 'params' | 'items' | 'metadata' | 'value'

/**
 * What is not to be shown. It hides values by their place, and remembers what they were: the same text is hidden in errors and lines of logs that are shown afterwards. What is stored is not its
 * business, but for the text of errors.
 */
export class Redaction {
  readonly hidden: HiddenTexts
  /** Paths that it was made with. */
  readonly given: readonly string[]
  readonly #paths: Set<string>
  #mask: SecretMask

  /**
   * @param paths of what is hidden besides what looks like a secret by its name
   * @param under texts that are not to be shown either
   */
  constructor(paths: readonly string[] = [], under?: HiddenTexts) {
    this.hidden = new HiddenTexts(under)
    this.given = paths
    this.#paths = new Set(paths)
    this.#mask = this.#newMask()
  }

  /** The same for values without a root: a path with its first name, if that is one of those, also counts without it. */
  get masks(): readonly string[] {
    return [...this.#paths].flatMap(path => {
      const inner = /^(?:params|metadata|value)\.(.+)$/s.exec(path)?.[1]
      return inner === undefined ? [path] : [path, inner]
    })
  }

  /** What hides the same, and remembers for itself what that was: this one learns nothing of it. */
  apart(): Redaction {
    return new Redaction([...this.#paths], this.hidden)
  }

  /** Whether anything is hidden besides what looks like a secret by its name. */
  get hasPaths(): boolean {
    return this.#paths.size > 0
  }

  add(paths: readonly string[]): void {
    const before = this.#paths.size
    for (const path of paths) this.#paths.add(path)
    if (this.#paths.size > before) this.#mask = this.#newMask()
  }

  /** The value as it may be shown. What it hides is remembered. */
  shown(root: RedactedRoot, value: unknown, within: readonly ValueStep[] = []): unknown {
    const masked = this.#mask.value(value, [{ kind: 'property', key: root }, ...within])
    // A path may leave out the first name.
    return this.#paths.size === 0 ? masked : this.#mask.value(masked, within)
  }

  /** As {@link shown}, of what stands at a path in the value of a checkpoint. */
  shownAt(path: string | undefined, value: unknown): unknown {
    if (path === undefined) return this.shown('value', value)
    return this.shown('value', value, stepsOf(path))
  }

  item(item: unknown, key = '0'): unknown {
    return this.shown('items', item, [{ kind: 'property', key }])
  }

  metadata(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      Object.entries(metadata).map(([key, value]) => [key, this.shown('metadata', value, [{ kind: 'property', key }])]),
    )
  }

  tableFacts(facts: TableFacts): TableFacts {
    return withoutSecretColumns(facts, this.#mask)
  }

  /** Whether what has this name is hidden wherever it is. */
  hidesName(name: string): boolean {
    return this.shown('value', 0, [{ kind: 'property', key: name }]) === maskedText
  }

  /** Remembers what is secret of the params of a run, with the paths that it was begun with. */
  learnRun({ params, redact = [] }: { readonly params: unknown; readonly redact?: readonly string[] }): void {
    this.add(redact)
    this.shown('params', params)
  }

  /** Remembers what is secret of a value that stands at these places; looks at no more than `mostValues` values in it, and returns how many of these are left. */
  learn(value: unknown, places: readonly (readonly ValueStep[])[], mostValues: number): number {
    return this.#mask.tell(value, places, mostValues)
  }

  /** What is recorded of a thrown value: without what is secret in it, and without the texts that are known to be. */
  thrown(error: unknown, item?: string): StoredError {
    return this.ofError(storeError(error, item, value => this.shown('value', value)))
  }

  /** An error as it is recorded: without the texts that are known to be secret. */
  ofError(error: StoredError): StoredError {
    return this.hidden.isEmpty ? error : hiddenInError(error, this.hidden)
  }

  #newMask(): SecretMask {
    return new SecretMask([...this.#paths], value => this.hidden.addAllOf(value))
  }
}

/** A path that names the member of a Set leads to what has no name. */
function stepsOf(path: string): ValueStep[] {
  try {
    return parsePath(path).map(({ key }) => ({ kind: 'property', key: String(key) }))
  } catch (error) {
    if (!isWaymarkError(error)) throw error
    return [{ kind: 'property', key: path }]
  }
}

/** What is not to be shown of a store, as far as is known of it by now. */
export const redactionOf = (store: Store): Redaction => coreOf(store).redaction

/** @throws WaymarkError `invalid` naming the option */
export function checkRedact(call: string, redact: unknown): void {
  if (redact === undefined) return
  if (!Array.isArray(redact) || redact.some(path => typeof path !== 'string')) throw badRedact(call, 'it is not a list of paths')
  try {
    new PathPatterns(redact)
  } catch (error) {
    if (!isWaymarkError(error)) throw error
    throw badRedact(call, error.message)
  }
}

const badRedact = (call: string, why: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${call}: redact cannot be read: ${why}`,
    means: 'Nothing was run or changed.',
    remedy: "redact: ['params.token', 'items.*.password', '**.email']",
    details: { option: 'redact' },
  })
