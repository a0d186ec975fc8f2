import type { Address } from '../engine/resolve-address.ts'
import type { Store } from '../engine/store.ts'
import { isInside, itemPath, type ScopePath } from '../model/scope.ts'

/** What an address names of a run; nothing where it names all of it. */
export interface AddressedStage {
  readonly path?: ScopePath
  /** One item of a stage, not a stage itself. */
  readonly isItem: boolean
}

/** `STAGE/KEY` is an item of the stage, or a call of it in a loop, unless there is a stage of this path. */
export async function addressedStage(
  store: Store,
  { run, stage, item }: Omit<Address, 'run'> & { readonly run: { readonly id: string } },
): Promise<AddressedStage> {
  if (stage === undefined) return { isItem: false }
  if (item === undefined || item === '') return { path: stage, isItem: false }
  const known = (await store.stages(run.id)).map(({ path }) => path)
  const isStage = (path: ScopePath): boolean => known.some(one => one === path || isInside(one, path))
  const whole = `${stage}/${item}`
  if (isStage(whole)) return { path: whole, isItem: false }
  // The deepest stage that there is has the item.
  for (let end = whole.lastIndexOf('/'); end > 0; end = whole.lastIndexOf('/', end - 1)) {
    if (!isStage(whole.slice(0, end)) && end > stage.length) continue
    const path = itemPath(whole.slice(0, end), whole.slice(end + 1))
    return { path, isItem: !isStage(path) }
  }
  return { path: whole, isItem: false }
}
