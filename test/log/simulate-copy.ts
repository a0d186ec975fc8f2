// Runs the log simulation of another copy of the sources; prints what it found as JSON.
// node simulate-copy.ts SRC SEED STATES FAULT_SHARE
const [src, seed, states, faultShare] = process.argv.slice(2)
const { simulateLog } = await import(`${src}/testing/log-simulation.ts`)
try {
  await simulateLog({ seed: Number(seed), states: Number(states), faultShare: Number(faultShare) })
  console.log('{}')
} catch (error) {
  const { message, cause } = error as Error
  const promise = cause instanceof Error && 'promise' in cause ? cause.promise : undefined
  console.log(JSON.stringify({ message, promise }))
}
