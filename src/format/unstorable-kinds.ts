/** Why a value of this kind cannot be stored, and what to do. */
export interface Refusal {
  readonly problem: string
  readonly remedy: string
}

const pending = 'Await it and store the result.'
const invisible = 'What it holds cannot be listed; store the entries you need in a Map or an array.'
const boxed = 'Store the plain value (its valueOf()).'
const live = 'Store what is needed to make it again.'

const remedies: ReadonlyMap<string, string> = new Map([
  ['Promise', pending],
  ['WeakMap', invisible],
  ['WeakSet', invisible],
  ['WeakRef', invisible],
  ['Number', boxed],
  ['String', boxed],
  ['Boolean', boxed],
  ['BigInt', boxed],
  ['Symbol', boxed],
  ['Generator', 'Store the values it yields, in an array.'],
  ['AsyncGenerator', 'Store the values it yields, in an array.'],
  ['SharedArrayBuffer', 'Store a copy of its bytes: new Uint8Array(buffer).slice().'],
  ['ReadableStream', live],
  ['Proxy', live],
])

/** For an Arrow table that is not marked as a table. */
export const unmarkedTable: Refusal = {
  problem: 'an Arrow table is kept only where it is said to be one',
  remedy: 'Mark it: table(value).',
}

/** For a function or a symbol. */
export function refusalOfType(type: string): Refusal {
  return {
    problem: `a ${type} cannot be stored`,
    remedy: type === 'function' ? 'Leave it out; store the data it needs.' : 'Store its description.',
  }
}

/**
 * For an object that is neither of a kind listed in `docs/format-values.md` nor of a registered class.
 * @param isOfListedKind the prototype is of a listed kind, the object itself is not
 */
export function refusalOfPrototype(prototype: object, isOfListedKind: boolean): Refusal {
  const name = classNameOf(prototype)
  if (isOfListedKind) {
    return {
      problem: `an object with the prototype of ${name} that is none cannot be stored`,
      remedy: 'Store what it stands for.',
    }
  }
  if (name === undefined) {
    return { problem: 'an object with a prototype of its own cannot be stored', remedy: 'Store a plain copy: { ...object }.' }
  }
  return {
    problem: `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name} cannot be stored as it is`,
    remedy:
      remedies.get(name) ??
      `Register the class: codecs: [codec(${name}, { tag, encode, decode })], or store a plain copy of what matters.`,
  }
}

function classNameOf(prototype: object): string | undefined {
  for (let object: object | null = prototype; object !== null; object = Object.getPrototypeOf(object)) {
    const Class: unknown = Object.getOwnPropertyDescriptor(object, 'constructor')?.value
    if (typeof Class === 'function' && Class.name !== '' && Class !== Object) return Class.name
    const label: unknown = Object.getOwnPropertyDescriptor(object, Symbol.toStringTag)?.value
    if (typeof label === 'string') return label
  }
  return undefined
}
