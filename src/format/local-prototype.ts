const nativeFunction = /^function (\w+)\(\) \{ \[native code\] \}$/

/**
 * The prototype of ours that a built-in prototype of another realm corresponds to (`node:vm`, and test runners built on it, give
 * their code built-ins of its own: the same things with other prototypes). Any other prototype is returned as it is.
 */
export function localPrototype(prototype: object): object {
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof Class !== 'function' || Class.prototype !== prototype) return prototype
  const name = nativeFunction.exec(Function.prototype.toString.call(Class))?.[1]
  const ours: unknown = name === undefined ? undefined : Reflect.get(globalThis, name)
  return typeof ours === 'function' && typeof ours.prototype === 'object' ? ours.prototype : prototype
}
