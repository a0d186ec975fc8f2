import { parseParity } from '../format/parity.ts'
import { readWhole } from './repair-files.ts'
import type { StoreCore } from './store-core.ts'
import { isPackFault } from './verify-packs.ts'
import type { VerifyMeter } from './verify-progress.ts'
import { FoundProblem } from './verify-report.ts'

export const paritySuffix = '.par'

export interface ParitySurvey {
  readonly problems: readonly FoundProblem[]
  /** Packs whose parity file is damaged, or not of the pack as it is. */
  readonly broken: readonly string[]
}

/** Proves the parity files that there are. */
export async function surveyParity(core: StoreCore, meter: VerifyMeter, full: boolean): Promise<ParitySurvey> {
  const problems: FoundProblem[] = []
  const broken: string[] = []
  const folder = `${core.path}/packs`
  for (const name of await core.files.list(folder)) {
    if (!name.endsWith(paritySuffix)) continue
    const pack = name.slice(0, -paritySuffix.length)
    const size = (await core.files.stat(`${folder}/${pack}.pack`))?.size
    // A pack that is not there yet, or no more: its parity hurts nobody.
    if (size === undefined || !full) continue
    const bytes = await readWhole(core.files, `${folder}/${name}`)
    if (bytes === undefined) continue
    meter.count(bytes.length)
    try {
      parseParity(bytes, pack, core.storeId)
    } catch (error) {
      if (!isPackFault(error)) throw error
      broken.push(pack)
      problems.push(new FoundProblem('parity', pack, error.message))
    }
  }
  return { problems, broken }
}
