// Cost of a stage from the 1st to the 10,000th of a run: goal flat, and below 0.5 ms.
import { pipeline } from 'waymark'
import { median, withStore } from './shared/temporary-store.ts'

const stages = 10_000

await withStore(async store => {
  const times: number[] = []
  const many = pipeline('many-stages', async run => {
    for (let i = 0; i < stages; i++) {
      const start = performance.now()
      await run.stage('step', () => i, { key: i })
      times.push(performance.now() - start)
    }
  })
  await many.run({}, { store })
  const first = median(times.slice(0, 1_000))
  const last = median(times.slice(-1_000))
  console.log(`stage, durable     first 1,000 ${first.toFixed(3)} ms · last 1,000 ${last.toFixed(3)} ms (medians; goal < 0.5 ms)`)
  console.log(`flat               last / first = ${(last / first).toFixed(2)} (goal about 1)`)
})
