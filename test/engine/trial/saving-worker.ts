// Saves one number after another into the store, tells each that was acknowledged, and why it stops.
import { isWaymarkError, open } from 'waymark'

const store = await open({ path: process.argv[2] ?? '', create: false })
for (let number = 0; number < 5_000; number++) {
  try {
    const { id } = await store.save({ value: number })
    process.stdout.write(`${id} ${number}\n`)
  } catch (error) {
    process.stdout.write(`refused ${isWaymarkError(error) ? error.code : error}\n`)
    break
  }
}
await store.close()
