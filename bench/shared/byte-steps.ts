// node byte-steps.js save STORE FILE | restore STORE ID FILE | verify STORE
// One step of bench/backup-peers.ts in a process of its own, as a backup tool is called. Prints one line of JSON.
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type MeasuredStore, openMeasured, savesStreams } from './open-store.ts'

const readBytes = 1024 * 1024
const [command = '', path = '', ...rest] = process.argv.slice(2)

async function save(store: MeasuredStore, file: string): Promise<string> {
  const to = { run: 'bench', stage: 'state' }
  const saved = savesStreams(store)
    ? await store.save({ bytes: createReadStream(file, { highWaterMark: readBytes }), ...to })
    : await store.save({ value: await readFile(file), ...to })
  return saved.id
}

async function restore(store: MeasuredStore, id: string, file: string): Promise<void> {
  const stream = store.loadBytes?.(id)
  if (stream !== undefined)
    return pipeline(Readable.from(stream, { objectMode: true }), createWriteStream(file, { highWaterMark: readBytes }))
  const { value } = await store.load(id)
  if (!(value instanceof Uint8Array)) throw new TypeError(`${id} holds no bytes`)
  await writeFile(file, value)
}

async function verify(store: MeasuredStore): Promise<void> {
  if (store.verify !== undefined) {
    await store.verify({ full: true })
    return
  }
  for (const { id } of await store.list({ limit: 100 })) {
    const stream = store.loadBytes?.(id)
    if (stream === undefined) await store.load(id)
    else for await (const _piece of stream);
  }
}

const start = performance.now()
const store = await openMeasured(path)
const [first = '', second = ''] = rest
const id = command === 'save' ? await save(store, first) : first
if (command === 'restore') await restore(store, first, second)
if (command === 'verify') await verify(store)
await store.close()
console.log(JSON.stringify({ id, workMs: performance.now() - start }))
