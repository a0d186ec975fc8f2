import type { FileSystem } from '../files/file-system.ts'
import type { PlannedInput } from '../model/make-plan.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import { jsonl } from '../outputs/item-file.ts'
import { inputChange } from './input-change.ts'
import { lookAtFile, wasTouched } from './input-file-record.ts'

interface InputPlanOptions {
  readonly baseDirectory: string
  readonly acceptInput: boolean
}

/**
 * Input files of a run's passes that are not what was recorded, for the plan. One whose size and time are as recorded is not read here: what decides is the digest that is taken when the
 * pass opens the file.
 */
export async function plannedInputs(
  files: FileSystem,
  recorded: RecordedRun,
  options: InputPlanOptions,
): Promise<ReadonlyMap<string, PlannedInput>> {
  const inputs = new Map<string, PlannedInput>()
  for (const stage of recorded.stages.values()) {
    if (stage.path.includes('/') || (stage.finished === 0 && stage.state !== 'completed')) continue
    const planned = await plannedInput(files, stage, options)
    if (planned !== undefined) inputs.set(stage.path, planned)
  }
  return inputs
}

async function plannedInput(
  files: FileSystem,
  { input, keys }: RecordedStage,
  { baseDirectory, acceptInput }: InputPlanOptions,
): Promise<PlannedInput | undefined> {
  if (input?.kind !== 'file' || input.from === undefined || input.size === undefined) return undefined
  // Only its path matters here.
  const file = jsonl(input.from)
  if (!(await wasTouched(file, input, { files, baseDirectory }))) return undefined
  try {
    const { record, appended } = await lookAtFile(file, { files, baseDirectory, before: input })
    const change = inputChange(input, record, appended)
    if (change === undefined) return undefined
    const text = `its input changed: ${change.text}`
    if (!acceptInput) return { text: change.text, effect: 'refused', keeps: true }
    return { text, effect: change.kind === 'appended' ? 'grown' : 'other', keeps: keys.size > 0 }
  } catch {
    // A file that is not there, or cannot be read: the pass says so when it opens it, if it is called at all.
    return undefined
  }
}
