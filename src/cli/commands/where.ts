import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isWaymarkError } from '../../model/errors.ts'
import type { Context } from '../context.ts'
import { document } from '../json-shapes.ts'
import { bytes, count, counted } from '../render/quantities.ts'
import { type Line, line, span } from '../render/screen.ts'
import { storeOf, withStore } from '../with-store.ts'

interface StoreFacts {
  readonly path: string
  readonly why: string
  readonly exists: boolean
  readonly config?: string
  /** `1.0` */
  readonly format?: string
  /** Sealed, and no key was given: what it holds is not told. */
  readonly sealed?: true
  readonly runs?: number
  readonly checkpoints?: number
  /** Bytes of all its files. */
  readonly bytes?: number
  readonly files?: number
  readonly notices?: readonly string[]
}

/** `waymark where` */
export async function whereCommand(context: Context): Promise<number> {
  const facts = await collect(context)
  if (context.output.json) context.output.jsonLine(document('where', facts, facts.exists ? { command: 'waymark ls' } : undefined))
  else await context.output.result(factLines(facts))
  return 0
}

async function collect(context: Context): Promise<StoreFacts> {
  const { path, why } = storeOf(context)
  const config = context.config === undefined ? {} : { config: context.config.file }
  try {
    return await withStore(context, async store => {
      const { runs, checkpoints } = await store.summary()
      return {
        path,
        why,
        exists: true,
        ...config,
        format: await formatOf(path),
        runs,
        checkpoints,
        ...(await sizeOf(path)),
        notices: store.notices(),
      }
    })
  } catch (error) {
    if (isWaymarkError(error, 'not_found')) return { path, why, exists: false, ...config }
    // Where it is needs no key.
    if (isWaymarkError(error, 'key_missing') && context.settings.key === undefined)
      return { path, why, exists: true, ...config, format: await formatOf(path), sealed: true, ...(await sizeOf(path)) }
    throw error
  }
}

async function formatOf(path: string): Promise<string> {
  const descriptor: { readonly format?: { readonly major?: number; readonly minor?: number } } = JSON.parse(
    await readFile(join(path, 'waymark.json'), 'utf8'),
  )
  return `${descriptor.format?.major ?? '?'}.${descriptor.format?.minor ?? '?'}`
}

async function sizeOf(path: string): Promise<{ readonly bytes: number; readonly files: number }> {
  let sum = 0
  let files = 0
  const entries: Dirent[] = await readdir(path, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    if (!entry.isFile()) continue
    // Another process may remove one in between.
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    sum += found?.size ?? 0
    files++
  }
  return { bytes: sum, files }
}

function factLines(facts: StoreFacts): Line[] {
  const fact = (label: string, text: string): Line => [span(label.padEnd(8), 'quiet'), span(text)]
  const lines = [fact('store', facts.path), fact('why', facts.why)]
  if (facts.config !== undefined) lines.push(fact('config', facts.config))
  if (!facts.exists) return [...lines, line('it does not exist yet: waymark run FILE makes it', 'quiet')]
  lines.push(
    fact('format', facts.format ?? ''),
    facts.sealed === true
      ? fact('sealed', 'what it holds is told to who has a key: --key SOURCE, or WAYMARK_KEY')
      : fact('holds', `${counted(facts.runs ?? 0, 'run')}, ${counted(facts.checkpoints ?? 0, 'checkpoint')}`),
    fact('size', `${bytes(facts.bytes ?? 0)} in ${count(facts.files ?? 0)} files`),
  )
  for (const notice of facts.notices ?? []) lines.push(fact('note', notice))
  return lines
}
