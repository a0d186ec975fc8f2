import type { ScopePath } from '../model/scope.ts'
import { calledTwice, outerRunInside, sameOutput } from './attempt-errors.ts'
import { CallSite } from './call-site.ts'
import { currentScope } from './current-scope.ts'

/** The constructor of the call site, `enter`, what calls it, the verb, the user's function; one more for a wrapper. */
const framesToUser = 6

/** The stages that were called in an attempt: each name once, and each output file by one of them. */
export class CalledStages {
  readonly #calls = new Map<ScopePath, CallSite>()
  /** Paths called inside a stage or item. */
  readonly #callsIn = new Map<ScopePath, ScopePath[]>()
  readonly #outputs = new Map<string, ScopePath>()

  /**
   * Registers the call of a stage; each path may be called once in an attempt.
   *
   * @throws WaymarkError `conflict` naming both places, or naming `ctx` if the run was used inside a function of a stage
   */
  enter(path: ScopePath, parent: ScopePath): void {
    const scope = currentScope.getStore()
    if (parent === '' && scope !== undefined) throw outerRunInside(path, scope)
    const call = new CallSite(framesToUser)
    const earlier = this.#calls.get(path)
    if (earlier !== undefined) throw calledTwice(path, earlier, call)
    this.#calls.set(path, call)
    const siblings = this.#callsIn.get(parent)
    if (siblings === undefined) this.#callsIn.set(parent, [path])
    else siblings.push(path)
  }

  /** Paths of what was called so far, whether or not it was held back. */
  get paths(): readonly ScopePath[] {
    return [...this.#calls.keys()]
  }

  /** Whether anything was called inside a stage or item. */
  get areNested(): boolean {
    return this.#callsIn.size > 1
  }

  /** A function is called again, or is over: what it called by name may be called once more. */
  forgetIn(scope: ScopePath): void {
    for (const path of this.#callsIn.get(scope) ?? []) {
      this.#calls.delete(path)
      for (const [file, holder] of this.#outputs) if (holder === path) this.#outputs.delete(file)
      this.forgetIn(path)
    }
    this.#callsIn.delete(scope)
  }

  /**
   * Gives an output file to one stage.
   *
   * @throws WaymarkError `conflict` if another stage of this attempt writes it
   */
  takeOutput(file: string, path: ScopePath): void {
    const holder = this.#outputs.get(file)
    if (holder !== undefined) throw sameOutput(file, holder, path)
    this.#outputs.set(file, path)
  }
}
