/** One step from a container into what it holds. */
export type ValueStep =
  /** A property of an object, or a field of an Error (`message`, `cause` …). */
  | { readonly kind: 'property'; readonly key: string }
  /** An element of an array, by its index. */
  | { readonly kind: 'index'; readonly key: number }
  /** The value under a key of a Map. `place`: its position in the Map, from 1, where the key is an object. */
  | { readonly kind: 'map-key'; readonly key: unknown; readonly place?: number }
  /** A member of a Set. `place`: its position in the Set, from 1, where the member is an object. */
  | { readonly kind: 'member'; readonly key: unknown; readonly place?: number }

const plainName = /^[A-Za-z_$][\w$]*$/

/** `orders[3].total`, `settings["odd name"]`, `byId[map key "a"]`: as errors name a place and `--path` takes it; '' for the value itself. */
export function pathText(steps: readonly ValueStep[]): string {
  let text = ''
  for (const step of steps) text += segment(step, text === '')
  return text
}

function segment(step: ValueStep, isFirst: boolean): string {
  switch (step.kind) {
    case 'property':
      if (!plainName.test(step.key)) return `[${JSON.stringify(step.key)}]`
      return isFirst ? step.key : `.${step.key}`
    case 'index':
      return `[${step.key}]`
    case 'map-key':
      return `[map key ${keyText(step.key, step.place)}]`
    case 'member':
      return `[set member ${keyText(step.key, step.place)}]`
  }
}

function keyText(key: unknown, place: number | undefined): string {
  if (typeof key === 'string') return JSON.stringify(key)
  if (typeof key === 'bigint') return `${key}n`
  if (Object.is(key, -0)) return '-0'
  if (key instanceof Date) return Number.isNaN(key.getTime()) ? 'Invalid Date' : key.toISOString()
  return typeof key === 'object' && key !== null ? `number ${place ?? '?'}` : String(key)
}
