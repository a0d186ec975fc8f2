import { threadTest as test } from '../thread-test.ts'
import { ChunkTrial } from './trial/chunk-trial.ts'
import { faultPlansForEach } from './trial/fault-plans.ts'

const afterwards = ['same process', 'next process', 'power cut'] as const

test('[X3 R4] an error at any file operation of a save of chunks is told by its code and acknowledges nothing; what was saved before stays, and the next save works', async diagnose => {
  const whole = new ChunkTrial()
  await whole.run('next process')
  let trials = 0
  for (const plan of faultPlansForEach(whole.kinds, 1)) {
    const then = afterwards[trials++ % afterwards.length] ?? 'same process'
    try {
      await new ChunkTrial(plan).run(then)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(
        `${plan.code} at operation ${plan.at}, ${plan.lasts}, then ${then}, effect ${plan.effect}, ${plan.fate}: ${message}`,
        {
          cause: error,
        },
      )
    }
  }
  diagnose(`${trials} faults at ${whole.kinds.length} operations`)
})
