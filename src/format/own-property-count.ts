const hasOwn = Object.prototype.hasOwnProperty

/**
 * How many enumerable properties with string keys an object itself has. In this form (for-in, and hasOwnProperty by `call`) V8 looks
 * nothing up and allocates nothing; `Object.keys(object).length` allocates as much as the object itself.
 */
export function ownPropertyCount(object: object): number {
  let count = 0
  for (const name in object) count++
  return count
}
