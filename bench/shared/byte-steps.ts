// node byte-steps.js save STORE FILE | restore STORE ID FILE | verify STORE
// One step of bench/backup-peers.ts in a process of its own, as a backup tool is called. Prints one line of JSON.
import { open as openFile } from 'node:fs/promises'
import { open } from '../../src/open.ts'

const readBytes = 1024 * 1024
const [command = '', path = '', first = '', second = ''] = process.argv.slice(2)

/** Each piece lies where the one before did: what a store is given may be used again for the next. */
async function* bytesOf(file: string): AsyncIterable<Uint8Array> {
  const handle = await openFile(file)
  try {
    const buffer = Buffer.allocUnsafeSlow(readBytes)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, readBytes)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

async function write(pieces: AsyncIterable<Uint8Array>, file: string): Promise<void> {
  const handle = await openFile(file, 'w')
  try {
    for await (const piece of pieces) await handle.write(piece)
  } finally {
    await handle.close()
  }
}

const start = performance.now()
const store = await open(path)
let id = first
if (command === 'save') id = (await store.save({ bytes: bytesOf(first), run: 'bench', stage: 'state' })).id
else if (command === 'restore') await write(store.loadBytes(first), second)
else if (command === 'verify') await store.verify({ full: true })
await store.close()
console.log(JSON.stringify({ id, workMs: performance.now() - start }))
