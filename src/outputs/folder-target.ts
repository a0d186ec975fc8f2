import { resolve } from 'node:path'
import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import type { FolderPosition, OutputPosition } from '../model/output-position.ts'
import { parseJson } from '../model/parse-json.ts'
import { openInput } from './input-file.ts'
import { type ItemTarget, type OutputContext, type OutputItem, targetBrand } from './item-target.ts'
import { jsonLine } from './json-line.ts'
import { openFolderFiles, readEntries } from './open-folder-files.ts'
import { outputChanged } from './output-faults.ts'
import { itemFolder } from './output-folder.ts'

export interface FolderOutputOptions<T> {
  /** The name of the file for a result: without folders, another for every item. */
  readonly name: (value: T, item: OutputItem) => string
  /** What is in it. Default: JSON. */
  readonly encode?: ((value: T) => string | Uint8Array) | undefined
}

/**
 * An output with one file for each result. A file is whole when it is seen, and counts. A new run removes the files of the one before; others in the folder are left alone.
 *
 * @example
 * await run.each('page', orders, order => ({ id: order.id }), { output: folder<{ id: string }>('out/pages', { name: page => page.id + '.json' }) })
 * @throws WaymarkError `invalid` for an unusable path or option
 */
export function folder<T = unknown>(path: string, options: FolderOutputOptions<T>): ItemTarget<T> {
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw wrong(`${JSON.stringify(path) ?? String(path)} cannot be the path of a folder`)
  if (typeof options?.name !== 'function') throw wrong(`folder(${JSON.stringify(path)}) has no function that names the files`)
  const { name, encode } = options
  if (encode !== undefined && typeof encode !== 'function')
    throw wrong(`encode of folder(${JSON.stringify(path)}) is no function`)
  // Only results of the pass that has this output come here, and their type was checked there.
  const nameOf: (value: never, item: OutputItem) => unknown = name
  const encoded: ((value: never) => unknown) | undefined = encode
  const target: ItemTarget<T> = {
    [targetBrand]: true,
    shown: path,
    place: baseDirectory => resolve(baseDirectory, path),
    begin: async () => ({ kind: 'folder', path, count: 0 }),
    open: (context, position) =>
      openFolderFiles(context, folderPosition(position, path, context.stage), {
        shown: path,
        nameOf: (value, item) => Reflect.apply(nameOf, undefined, [value, item]),
        encode: value =>
          bytesOf(encoded === undefined ? `${jsonLine(value)}\n` : Reflect.apply(encoded, undefined, [value]), path),
      }),
    ...(encode === undefined
      ? { results: (context, position) => readBack(context, folderPosition(position, path, undefined)) }
      : {}),
  }
  return Object.freeze(target)
}

async function* readBack(
  context: Pick<OutputContext, 'files' | 'baseDirectory'>,
  position: FolderPosition,
): AsyncIterable<unknown> {
  const { files, baseDirectory } = context
  const path = await itemFolder(files, position.path, baseDirectory)
  for (const [name, , bytes] of await readEntries({ files, stage: '', token: 0 }, path, position)) {
    const file = await openInput(files, `${path}/${name}`, `${position.path}/${name}`)
    try {
      yield parseJson((await file.read(0, bytes)).toString('utf8'))
    } finally {
      await file.close()
    }
  }
}

function bytesOf(encoded: unknown, path: string): Uint8Array {
  if (typeof encoded === 'string' && encoded.isWellFormed()) return Buffer.from(encoded)
  // A copy: the caller may go on with the bytes.
  if (encoded instanceof Uint8Array) return Uint8Array.from(encoded)
  throw wrong(
    typeof encoded === 'string'
      ? `encode of folder(${JSON.stringify(path)}) gave a text with half a surrogate pair, which no file can hold`
      : `encode of folder(${JSON.stringify(path)}) gave ${encoded instanceof Promise ? 'a promise' : describe(encoded)}, not a text or bytes`,
  )
}

function folderPosition(position: OutputPosition, shown: string, stage: string | undefined): FolderPosition {
  if (position.kind === 'folder') return position
  throw outputChanged(
    `${position.path} was begun as another kind of output (${position.kind ?? 'a file of lines'}), and ${shown} is now a folder of files`,
    {
      shown: position.path,
      stage,
      details: { kind: position.kind ?? 'file' },
    },
  )
}

function wrong(message: string): WaymarkError {
  return new WaymarkError('invalid', {
    message,
    means: 'Nothing was written.',
    remedy:
      "Name the folder and the files: folder('out/pages', { name: (value, item) => item.key + '.json' }). encode returns a text or a Uint8Array.",
  })
}
