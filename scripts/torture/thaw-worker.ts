// The owner that is stalled: for each line of JSON on stdin it works on that run, tells where it began, what was acknowledged and how it ended.
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isWaymarkError, open } from 'waymark'
import { type Stalled, stalledPipeline } from './thaw-pipeline.ts'

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const plan: Stalled = JSON.parse(line)
  let ended = 'completed'
  try {
    const store = await open(join(plan.folder, '.waymark'))
    let begun = false
    const began = () => {
      if (!begun) console.log('began')
      begun = true
    }
    try {
      await stalledPipeline(plan, 'first', began, n => console.log(`acknowledged ${n}`)).run({}, { store, runId: 'stalled' })
    } finally {
      await store.close()
    }
  } catch (error) {
    ended = isWaymarkError(error) ? error.code : String(error instanceof Error ? error.stack : error)
    if (ended !== 'fenced') ended = `${ended} ${String(error)}`.replaceAll('\n', ' ')
  }
  console.log(`ended ${ended}`)
}
