import { watched } from './event-loop.ts'
import { median } from './temporary-store.ts'

interface Sample {
  readonly wallMs: number
  readonly blockMs: number
  readonly storedBytes: number
}

/**
 * Measurements by name, printed as lines with the median of each. The heap is not emptied in between: a forced collection also drops what the compiler has learned about
 * JavaScript, and made saves three times slower than in any pipeline while the peers inside Node stayed as they were.
 */
export class Samples {
  readonly #samples = new Map<string, Sample[]>()

  /** @param storedBytes What the result takes on disk; by default nothing is shown. */
  async take<T>(name: string, work: () => T | Promise<T>, storedBytes: (result: T) => number = () => 0): Promise<T> {
    const { result, wallMs, blockMs } = await watched(work)
    const known = this.#samples.get(name) ?? []
    known.push({ wallMs, blockMs, storedBytes: storedBytes(result) })
    this.#samples.set(name, known)
    return result
  }

  wallMs(name: string): number {
    return median((this.#samples.get(name) ?? []).map(sample => sample.wallMs))
  }

  blockMs(name: string): number {
    return median((this.#samples.get(name) ?? []).map(sample => sample.blockMs))
  }

  storedBytes(name: string): number {
    return median((this.#samples.get(name) ?? []).map(sample => sample.storedBytes))
  }

  ratio(name: string, to: string): string {
    return `${(this.wallMs(name) / this.wallMs(to)).toFixed(2)} × ${to}`
  }

  print(): void {
    for (const name of this.#samples.keys()) {
      const stored = this.storedBytes(name)
      const size = stored === 0 ? '' : `  ${(stored / 1e6).toFixed(3)} MB stored`
      console.log(
        `  ${name.padEnd(44)} ${ms(this.wallMs(name)).padStart(8)} ms  block ${ms(this.blockMs(name)).padStart(7)} ms${size}`,
      )
    }
  }
}

function ms(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0)
}
