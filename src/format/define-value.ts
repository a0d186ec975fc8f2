/** Gives an object a property of its own, without calling a setter or running into one that is read-only. */
export function defineValue(object: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true })
}
