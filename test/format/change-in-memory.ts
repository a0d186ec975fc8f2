import { parsePath } from '../../src/format/parse-path.ts'

/** What `patch` promises, done the plain way: everything is set in order, then what is removed goes, elements from the back. */
export function changeInMemory(
  value: unknown,
  set: readonly (readonly [string, unknown])[],
  remove: readonly string[] = [],
): unknown {
  let root = value
  const parentOf = (path: string): { readonly parent: object; readonly key: unknown } => {
    const steps = parsePath(path)
    let parent: unknown = root
    for (const { key } of steps.slice(0, -1)) parent = childOf(parent, key)
    if (typeof parent !== 'object' || parent === null) throw new TypeError(`no container for ${path}`)
    return { parent, key: steps.at(-1)?.key }
  }
  for (const [path, changed] of set) {
    if (path === '') root = changed
    else put(parentOf(path), changed)
  }
  const gone = remove.map(parentOf).sort((one, other) => orderOf(other) - orderOf(one))
  for (const { parent, key } of gone) {
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else if (parent instanceof Map) parent.delete(key)
    else Reflect.deleteProperty(parent, String(key))
  }
  return root
}

/** Elements by their index, from the back; the order of all else is of no importance. */
const orderOf = ({ parent, key }: { readonly parent: object; readonly key: unknown }): number =>
  Array.isArray(parent) ? Number(key) : -1

function put({ parent, key }: { readonly parent: object; readonly key: unknown }, value: unknown): void {
  if (parent instanceof Map) parent.set(key, value)
  else Object.defineProperty(parent, String(key), { value, enumerable: true, writable: true, configurable: true })
}

function childOf(parent: unknown, key: unknown): unknown {
  if (parent instanceof Map) return parent.get(key)
  return typeof parent === 'object' && parent !== null ? Object.getOwnPropertyDescriptor(parent, String(key))?.value : undefined
}
