import { WaymarkError } from '../model/errors.ts'
import type { FilePosition, OutputPosition } from '../model/output-position.ts'
import { type ItemFile, itemFilePath } from './item-file.ts'
import { type ItemTarget, type OutputContext, targetBrand } from './item-target.ts'
import { openOutput } from './open-output.ts'
import { outputChanged } from './output-faults.ts'
import { readItems } from './read-items.ts'
import { startOfOutput } from './start-of-output.ts'

/** A file of lines as a target: what counts is a length, and what is past it is cut off. */
export function fileTarget(file: ItemFile<unknown, never>): ItemTarget<unknown> {
  return {
    [targetBrand]: true,
    shown: file.path,
    place: baseDirectory => itemFilePath(file, baseDirectory),
    begin: ({ files, baseDirectory }) => startOfOutput(files, file, { baseDirectory }),
    async open(context, position) {
      const recorded = inFile(position, file, context.stage)
      const notices = await pastTheRecord(context, file, recorded)
      return { output: await openOutput(context.files, file, { ...context, recorded }), notices }
    },
    results: ({ files, baseDirectory }, position) => ownLines(files, file, position, baseDirectory),
  }
}

async function* ownLines(
  files: OutputContext['files'],
  file: ItemFile<unknown, never>,
  position: OutputPosition,
  baseDirectory: string,
): AsyncIterable<unknown> {
  if ((inFile(position, file, '').startedAt ?? 0) > 0) {
    throw new WaymarkError('unsupported', {
      message: `results() cannot tell this run's lines of ${position.path} from those that were there before`,
      means: 'The file is whole; nothing was changed.',
      remedy: 'Read the file itself, or do not use append.',
    })
  }
  for await (const batch of readItems(files, file, { baseDirectory })) yield* batch
}

async function pastTheRecord(
  { files, baseDirectory }: OutputContext,
  file: ItemFile<unknown, never>,
  recorded: FilePosition,
): Promise<readonly string[]> {
  if (recorded.length === 0) return []
  const size = (await files.stat(itemFilePath(file, baseDirectory)))?.size ?? 0
  if (size <= recorded.length) return []
  return [`${file.path}: ${size - recorded.length} bytes after the last recorded item are cut off; those items are called again`]
}

function inFile(position: OutputPosition, file: ItemFile<unknown, never>, stage: string): FilePosition {
  if (position.kind === undefined) return position
  throw outputChanged(`${position.path} was begun as another kind of output (${position.kind}), and is now ${file.kind}`, {
    shown: position.path,
    stage: stage === '' ? undefined : stage,
    details: { kind: position.kind },
  })
}
