/**
 * What is stored of an Error, in this order, each only if it has it:
 * - `class`: the nearest of {@link errorClasses} above it, always there;
 * - `name`: if it is not the name of that class;
 * - the properties of {@link hiddenErrorFields}, where they are not enumerable (as the language makes them);
 * - `properties`: a map of its own enumerable properties.
 */
export const hiddenErrorFields = ['message', 'stack', 'cause', 'errors', 'error', 'suppressed'] as const

/** All fields in their order. */
export const errorFieldOrder: readonly string[] = ['class', 'name', ...hiddenErrorFields, 'properties']

/** The classes of Error that come back as themselves, each with how to make one without running anything of the user's. */
export const errorClasses: ReadonlyMap<string, () => Error> = new Map<string, () => Error>([
  ['Error', () => new Error()],
  ['EvalError', () => new EvalError()],
  ['RangeError', () => new RangeError()],
  ['ReferenceError', () => new ReferenceError()],
  ['SyntaxError', () => new SyntaxError()],
  ['TypeError', () => new TypeError()],
  ['URIError', () => new URIError()],
  ['AggregateError', () => new AggregateError([])],
])

/** The nearest class of {@link errorClasses} that `error` is an instance of. By name, so that errors of another realm count. */
export function errorClassOf(error: Error): string {
  let prototype: unknown = Object.getPrototypeOf(error)
  while (typeof prototype === 'object' && prototype !== null) {
    const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
    if (typeof Class === 'function' && errorClasses.has(Class.name)) return Class.name
    prototype = Object.getPrototypeOf(prototype)
  }
  return 'Error'
}

/** The fields to store besides `class` and `properties`, in their order. */
export function errorFieldsOf(error: Error, className: string): [name: string, value: unknown][] {
  const fields: [string, unknown][] = []
  if (error.name !== className && !isOwnEnumerable(error, 'name')) fields.push(['name', error.name])
  for (const field of hiddenErrorFields) {
    if (isOwnEnumerable(error, field)) continue
    // A DOMException has its message on the prototype; so may engines have the stack.
    const isInherited = (field === 'message' || field === 'stack') && Boolean(error[field])
    const isPresent = isInherited || Object.hasOwn(error, field)
    if (isPresent) fields.push([field, Reflect.get(error, field)])
  }
  return fields
}

/** A new error without any own property, to which the stored fields are then added. */
export function bareError(create: () => Error): Error {
  const error = create()
  for (const field of hiddenErrorFields) Reflect.deleteProperty(error, field)
  return error
}

function isOwnEnumerable(error: Error, name: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(error, name)
}
