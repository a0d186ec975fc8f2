// Runs the log simulation; prints what it found as JSON.
// node simulate-edited.ts SEED STATES FAULT_SHARE
import { simulateLog } from '../../src/testing/log-simulation.ts'

const [seed, states, faultShare] = process.argv.slice(2)
try {
  await simulateLog({ seed: Number(seed), states: Number(states), faultShare: Number(faultShare) })
  console.log('{}')
} catch (error) {
  const { message, cause } = error as Error
  const promise = cause instanceof Error && 'promise' in cause ? cause.promise : undefined
  console.log(JSON.stringify({ message, promise }))
}
