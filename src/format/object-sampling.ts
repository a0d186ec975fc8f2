import { attemptEnded } from './byte-writer.ts'

/** This many objects of a value are searched for properties that would be lost, then one in {@link checkedEvery}. */
const alwaysChecked = 1_000
/** A prime, so that no repeating order of objects hides one kind from it. */
const checkedEvery = 31

/** Which of the objects of a value are searched for properties that would be lost. */
export class ObjectSampling {
  #objects = 0
  /** An attempt ends at about this object. */
  #lastObject = Number.MAX_SAFE_INTEGER

  /** From here on {@link attemptEnded} is thrown after about so many objects. */
  beginAttempt(objects: number): void {
    this.#lastObject = this.#objects + objects
  }

  endAttempt(): void {
    this.#lastObject = Number.MAX_SAFE_INTEGER
  }

  /** Counts an object; whether it is to be searched. */
  isChecked(): boolean {
    const objects = this.#objects++
    if (objects % checkedEvery !== 0) return objects < alwaysChecked
    if (objects > this.#lastObject) throw attemptEnded
    return true
  }
}
