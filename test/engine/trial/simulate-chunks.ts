// Runs the simulation of chunks; prints what it found as JSON.
// node simulate-chunks.ts SEED STATES SHARE AGAIN SCENARIO
import { simulateChunks } from '../../../src/testing/chunk-simulation.ts'

const [seed, states, share, again, scenario = ''] = process.argv.slice(2)
try {
  await simulateChunks({
    seed: Number(seed),
    states: Number(states),
    share: Number(share),
    againShare: Number(again),
    scenarios: (name: string) => name.includes(scenario),
  })
  console.log('{}')
} catch (error) {
  const { message, cause } = error as Error
  const promise = cause instanceof Error && 'promise' in cause ? cause.promise : undefined
  console.log(JSON.stringify({ message, promise }))
}
process.exit()
