const plainName = /^[A-Za-z_$][\w$]*$/

/** `total`, or `["odd name"]` for what is not an identifier. */
export function propertySegment(name: string): string {
  return plainName.test(name) ? `.${name}` : `[${quoted(name)}]`
}

/** A path and one more segment. */
export function joinPath(path: string, segment: string): string {
  return path === '' && segment.startsWith('.') ? segment.slice(1) : path + segment
}

/**
 * Where in a value something is, as `orders[3].total`; '' for the value itself. Found only when something is wrong, by looking for
 * each value among the children of the one before, so that writing a value costs nothing for it.
 *
 * @param chain the objects from the value itself inwards, and last what the path should name
 */
export function pathOf(chain: readonly unknown[]): string {
  let path = ''
  for (let index = 1; index < chain.length; index++) path = joinPath(path, segment(chain[index - 1], chain[index]))
  return path
}

function segment(parent: unknown, child: unknown): string {
  if (Array.isArray(parent)) return `[${parent.findIndex(element => Object.is(element, child))}]`
  if (parent instanceof Map) return mapSegment(parent, child)
  if (parent instanceof Set) return `[set element ${[...parent].findIndex(element => Object.is(element, child)) + 1}]`
  if (typeof parent !== 'object' || parent === null) return ''
  for (const name of Object.getOwnPropertyNames(parent)) {
    const property = Object.getOwnPropertyDescriptor(parent, name)
    if (property !== undefined && 'value' in property && Object.is(property.value, child)) return propertySegment(name)
  }
  return ''
}

function mapSegment(parent: ReadonlyMap<unknown, unknown>, child: unknown): string {
  let position = 0
  for (const [key, value] of parent) {
    position++
    if (Object.is(value, child)) return `[map key ${typeof key === 'object' ? `number ${position}` : describeKey(key)}]`
    if (Object.is(key, child)) return `[key number ${position} of the map]`
  }
  return ''
}

function describeKey(key: unknown): string {
  return typeof key === 'string' ? quoted(key) : String(key)
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text)
}
