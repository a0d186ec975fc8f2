// Runs the simulation of chunks with another copy of the sources; prints what it found as JSON.
// node simulate-chunks.ts SRC SEED STATES SHARE AGAIN SCENARIO
const [src, seed, states, share, again, scenario = ''] = process.argv.slice(2)
const { simulateChunks } = await import(`${src}/testing/chunk-simulation.ts`)
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
