import { joinPath, propertySegment } from '../../src/format/value-path.ts'

/** Changes that can be made to a value. */
export interface Changes {
  readonly set: readonly (readonly [path: string, value: unknown])[]
  readonly remove: readonly string[]
}

type Integer = (below: number) => number

const newKeys = ['added', 'another', 'größe', 'a b', '0', '3', '12', '77', '4294967294', '4294967295', '__proto__', 'toString']

/** Draws changes of which none lies inside another. */
export function anyChanges(value: unknown, integer: Integer, newPart: () => unknown): Changes {
  const set: [string, unknown][] = []
  const remove: string[] = []
  walk(value, '', 0)
  return { set, remove }

  function walk(container: unknown, path: string, depth: number): void {
    if (Array.isArray(container)) {
      for (const index of container.keys())
        if (Object.hasOwn(container, index)) change(container[index], `${path}[${index}]`, depth, container.length)
      for (let more = integer(3); more > 0; more--)
        set.push([
          `${path}[${container.length + set.filter(([to]) => isElementOf(path, to, container.length)).length}]`,
          newPart(),
        ])
    } else if (container instanceof Map) {
      for (const [key, inner] of container) {
        const segment = mapSegment(key)
        if (segment !== undefined) change(inner, path + segment, depth, container.size)
      }
      for (const key of ['new key', 17, true, null, -1.5]) {
        if (integer(8) === 0 && !container.has(key)) set.push([`${path}${mapSegment(key)}`, newPart()])
      }
    } else if (isPlain(container)) {
      for (const [key, inner] of Object.entries(container)) {
        if (key !== '') change(inner, joinPath(path, segmentOf(key)), depth, Object.keys(container).length)
      }
      for (const key of newKeys) {
        if (integer(newKeys.length) === 0 && !Object.hasOwn(container, key)) set.push([joinPath(path, segmentOf(key)), newPart()])
      }
    }
  }

  function change(inner: unknown, path: string, depth: number, siblings: number): void {
    // Of many, a few.
    if (siblings > 12 && integer(siblings) > 6) return
    const choice = integer(6)
    if (choice === 0) set.push([path, newPart()])
    else if (choice === 1) remove.push(path)
    else if (choice < 5 && depth < 8) walk(inner, path, depth + 1)
  }
}

const segmentOf = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? propertySegment(key) : `[${JSON.stringify(key)}]`)

function mapSegment(key: unknown): string | undefined {
  if (typeof key === 'string') return `[map key ${JSON.stringify(key)}]`
  if (key === null || key === undefined || typeof key === 'boolean') return `[map key ${key}]`
  return typeof key === 'number' && /^-?\d+(\.\d+)?$/.test(String(key)) ? `[map key ${key}]` : undefined
}

const isElementOf = (path: string, to: string, from: number): boolean =>
  to.startsWith(`${path}[`) && /^\d+\]$/.test(to.slice(path.length + 1)) && Number.parseInt(to.slice(path.length + 1), 10) >= from

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
