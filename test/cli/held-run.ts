import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type RunningWaymark, threeStages, WaymarkProject } from './waymark-project.ts'

/** A run in the middle of long items, and how they are let go. */
export interface HeldRun {
  readonly project: WaymarkProject
  readonly running: RunningWaymark
  readonly letGo: () => Promise<void>
}

/** A run whose items from the tenth on last until they are let go. */
export async function heldRun(t: TestContext, ...flags: readonly string[]): Promise<HeldRun> {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  await project.write('hold', '10')
  const running = project.start(['run', 'etl.ts', '--items', '30', ...flags])
  // Ten are done, four are in flight.
  while ((await project.lines('calls.txt')).filter(call => call.startsWith('item')).length < 14) await pause(10)
  return { project, running, letGo: () => project.remove('hold') }
}

/** Every result is in the output exactly once. */
export async function assertExactOutput(project: WaymarkProject): Promise<void> {
  const ids = (await project.lines('out.jsonl')).map(line => JSON.parse(line).id)
  assert.deepEqual(
    ids.toSorted((a, b) => a - b),
    Array.from({ length: 30 }, (_, id) => id),
  )
}
