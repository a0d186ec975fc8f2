// npm run torture [-- --ci] [--seed S] [--states N] [--kills N] [--only PART,…] Breaks things on purpose and checks that nothing
// promised is lost: power cuts over a simulated disk, real processes killed. A failure prints the seed that shows it again. The
// parts: chunks, each, kill, store, thaw, rekey, savers, log.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/model/clock.ts'
import { parts, type TortureOptions } from './torture/parts.ts'
import { endWithParent, runInLanes } from './torture/run-in-lanes.ts'

const { values } = parseArgs({
  options: {
    ci: { type: 'boolean', default: false },
    seed: { type: 'string' },
    states: { type: 'string' },
    kills: { type: 'string' },
    only: { type: 'string' },
  },
})

// In CI always the same, so that a failure is the change's; elsewhere always something new.
const seed = number('seed') ?? (values.ci ? 1 : systemClock.now())
const states = number('states')
const kills = number('kills')
const options: TortureOptions = {
  ci: values.ci,
  seed,
  ...(states === undefined ? {} : { states }),
  ...(kills === undefined ? {} : { kills }),
}
const chosen = chosenParts()
const [first] = chosen

if (chosen.length === 1 && first !== undefined) {
  endWithParent()
  await runHere(first)
} else {
  const each = chosen.map(({ name }) => argumentsFor(name))
  if (!(await runInLanes(fileURLToPath(import.meta.url), each))) process.exitCode = 1
}

async function runHere({ name, run }: (typeof parts)[number]): Promise<void> {
  const began = systemClock.monotonicMs()
  try {
    const line = await run(options)
    if (line !== undefined) console.log(`${name}: ${line} (seed ${seed}, ${seconds(began)} s)`)
  } catch (error) {
    console.error(
      `${name}: FAILED, seed ${seed}, after ${seconds(began)} s; again: npm run torture -- ${argumentsFor(name).join(' ')}`,
    )
    console.error(error)
    process.exitCode = 1
  }
}

function argumentsFor(name: string): string[] {
  return [
    ...(values.ci ? ['--ci'] : []),
    ...['--seed', String(seed)],
    ...(states === undefined ? [] : ['--states', String(states)]),
    ...(kills === undefined ? [] : ['--kills', String(kills)]),
    ...['--only', name],
  ]
}

function chosenParts(): typeof parts {
  if (values.only === undefined) return parts
  const names = values.only.split(',')
  const unknown = names.filter(name => !parts.some(part => part.name === name))
  if (unknown.length === 0) return parts.filter(({ name }) => names.includes(name))
  console.error(`--only knows ${parts.map(({ name }) => name).join(', ')}; not ${unknown.map(name => `'${name}'`).join(', ')}`)
  process.exit(2)
}

function number(option: 'seed' | 'states' | 'kills'): number | undefined {
  const given = values[option]
  if (given === undefined) return undefined
  if (/^\d+$/.test(given)) return Number(given)
  console.error(`--${option} needs a whole number, not ${given}`)
  process.exit(2)
}

function seconds(began: number): string {
  return ((systemClock.monotonicMs() - began) / 1000).toFixed(1)
}
