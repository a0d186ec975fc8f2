/** False only where somebody gave Object.prototype enumerable properties, which for-in then lists with those of every object. */
export function isForInExact(): boolean {
  for (const _ in Object.prototype) return false
  return true
}

/**
 * How many enumerable properties with string keys an object itself has. With for-in V8 looks nothing up and allocates nothing;
 * `Object.keys(object).length` allocates as much as the object itself.
 */
export function ownPropertyCount(object: object, isExact: boolean): number {
  if (!isExact) return Object.keys(object).length
  let count = 0
  for (const _ in object) count++
  return count
}
