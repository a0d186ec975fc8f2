// Seals a store anew; tells when it begins and what came of it. WAYMARK_KEY names the key.
import { open } from 'waymark'

const store = await open({ path: process.argv[2] ?? '', create: false })
process.stdout.write('begins\n')
const { complete } = await store.rekey()
process.stdout.write(`${complete}\n`)
await store.close()
