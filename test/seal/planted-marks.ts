import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import zlib from 'node:zlib'

/** In every planted secret; in nothing else. */
export const plantedMark = 'plantedzq'

/** A secret that says where it was planted. */
export const planted = (where: string): string => `${plantedMark}-${where}-`

/** Ways in which a text may stand in a file, of which none may show. */
export function formsOf(text: string): ReadonlyMap<string, Buffer> {
  const bytes = Buffer.from(text)
  const forms = new Map([
    ['text', bytes],
    ['UTF-16', Buffer.from(text, 'utf16le')],
    ['UTF-16, high byte first', Buffer.from(text, 'utf16le').swap16()],
    ['hex', Buffer.from(bytes.toString('hex'))],
    ['hex in capitals', Buffer.from(bytes.toString('hex').toUpperCase())],
  ])
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    // Without the digits that what stands before and behind has a part in.
    forms.set(`base64 at ${before}`, Buffer.from(encoded.slice(before === 0 ? 0 : 4, -4)))
  }
  return forms
}

export interface FoundMark {
  readonly file: string
  readonly form: string
  /** What stands behind the mark. */
  readonly where: string
}

/** Where planted secrets show in a folder: in names, in bytes of any form, and in what decompresses. */
export function findPlanted(folder: string): readonly FoundMark[] {
  const found: FoundMark[] = []
  for (const [name, bytes] of filesIn(folder)) {
    if (name.includes(plantedMark)) found.push({ file: name, form: 'name', where: '' })
    found.push(...marksIn(name, bytes, ''))
    for (const [codec, content] of decompressed(bytes)) found.push(...marksIn(name, content, `, ${codec}`))
  }
  return found
}

export function filesIn(folder: string): ReadonlyMap<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = entries.map(entry => join(entry.parentPath, entry.name))
  return new Map(paths.map(path => [relative(folder, path), readFileSync(path)]))
}

function marksIn(file: string, bytes: Buffer, how: string): readonly FoundMark[] {
  const found: FoundMark[] = []
  for (const [form, mark] of formsOf(plantedMark))
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) {
      const where = /^-([a-z]+)-/.exec(bytes.toString('latin1', at + mark.length, at + mark.length + 40))?.[1]
      found.push({ file, form: form + how, where: form === 'text' ? (where ?? '') : '' })
    }
  return found
}

const codecs = [
  { name: 'zstd', magic: Buffer.from('28b52ffd', 'hex'), open: zlib.zstdDecompressSync },
  { name: 'gzip', magic: Buffer.from('1f8b08', 'hex'), open: zlib.gunzipSync },
  ...['7801', '785e', '789c', '78da'].map(magic => ({
    name: 'zlib',
    magic: Buffer.from(magic, 'hex'),
    open: zlib.inflateSync,
  })),
]

/** What is behind the magic bytes of a codec and is compressed with it, as far as it goes. */
function* decompressed(bytes: Buffer): Iterable<readonly [codec: string, content: Buffer]> {
  for (const { name, magic, open } of codecs)
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
      const content = attempt(() => open(bytes.subarray(at), { maxOutputLength: 1 << 24 }))
      if (content !== undefined) yield [name, content]
    }
}

function attempt(work: () => Buffer): Buffer | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
