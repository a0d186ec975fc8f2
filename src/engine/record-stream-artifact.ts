import { resolve } from 'node:path'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import { artifactType } from '../model/record-stream.ts'
import { openInput } from '../outputs/input-file.ts'
import type { AttemptFacts } from './attempt.ts'
import { type ByteSource, bytePieces } from './byte-pieces.ts'
import type { StoreCore } from './store-core.ts'
import { writeStream } from './write-checkpoint.ts'

/** A file that is kept beside an entry: its bytes, or the path of a file that holds them. */
export type ArtifactSource =
  | {
      /** What it is called where it is exported: `AAPL.png`. No folders. */
      readonly name: string
      /** All of it, or a stream. A single Uint8Array must stay as it is until the entry is recorded. */
      readonly bytes: ByteSource
      readonly path?: undefined
    }
  | {
      readonly name: string
      /** Of a file, from the project's folder where it is relative: read piece by piece. */
      readonly path: string
      readonly bytes?: undefined
    }

const longestName = 200

/** @throws WaymarkError `invalid` */
function checkArtifact(stream: string, artifact: unknown): asserts artifact is ArtifactSource {
  const why = wrongIn(artifact)
  if (why === undefined) return
  throw new WaymarkError('invalid', {
    message: `the artifact of an entry of ${stream} ${why}`,
    means: 'Neither the entry nor the artifact was recorded.',
    remedy: "run.record('checks', { ticker: 'AAPL' }, { artifact: { name: 'AAPL.png', bytes: png } })",
    details: { option: 'artifact' },
  })
}

function wrongIn(artifact: unknown): string | undefined {
  if (typeof artifact !== 'object' || artifact === null) return `is ${describe(artifact)}, not an object`
  const { name, bytes, path, ...others }: { name?: unknown; bytes?: unknown; path?: unknown } = artifact
  if (typeof name !== 'string' || !isFileName(name)) return `has no name that a file could have: ${describe(name)}`
  const [other] = Object.keys(others)
  if (other !== undefined) return `has an unknown property ${JSON.stringify(other)}`
  if ((bytes === undefined) === (path === undefined)) return 'needs bytes or path, and not both'
  if (path !== undefined) return typeof path === 'string' && path !== '' ? undefined : `has a path that is ${describe(path)}`
  const isStream = typeof bytes === 'object' && bytes !== null && (Symbol.iterator in bytes || Symbol.asyncIterator in bytes)
  return isStream ? undefined : `has bytes that are ${describe(bytes)}, not a Uint8Array or a stream of them`
}

const isFileName = (name: string): boolean =>
  name !== '' && name.length <= longestName && !/^\.{1,2}$|[/\\\p{Cc}\p{Cs}]/u.test(name)

const blockBytes = 1 << 20

/**
 * Keeps the bytes of an artifact; whoever commits the record makes it a checkpoint.
 *
 * @throws WaymarkError `invalid` if it is none, `not_found` of its file
 */
export async function keepArtifact(
  { core, run, attempt, baseDirectory }: AttemptFacts,
  { stage, item }: { readonly stage: string; readonly item: string | undefined },
  stream: string,
  artifact: ArtifactSource,
): Promise<CheckpointRecord> {
  checkArtifact(stream, artifact)
  const { name } = artifact
  const metadata = { stream, name, attempt, ...(item === undefined ? {} : { item }) }
  const facts = { run, ...(stage === '' ? {} : { stage }), type: artifactType, metadata }
  const source =
    artifact.path === undefined ? artifact.bytes : bytesOf(core, resolve(baseDirectory, artifact.path), artifact.path)
  return writeStream(core, bytePieces(source), 'bytes', facts, {})
}

async function* bytesOf({ files }: StoreCore, path: string, shown: string): AsyncIterableIterator<Uint8Array> {
  const file = await openInput(files, path, shown)
  try {
    for (let at = 0; ; ) {
      const bytes = await file.read(at, blockBytes)
      if (bytes.length === 0) return
      at += bytes.length
      yield bytes
    }
  } finally {
    await file.close()
  }
}
