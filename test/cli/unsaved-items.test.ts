import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

/** Of a pass that saves nothing before its end, fifty items are finished when the process dies: told of, and not recorded. */
const dying = `
import { appendFileSync, existsSync } from 'node:fs'
import { pipeline } from 'waymark'
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
export default pipeline('dying', async run => {
  const rows = run.stage('extract', () => Array.from({ length: 80 }, (_, id) => id))
  const { done } = await run.each('enrich', rows, async id => {
    appendFileSync('calls.txt', id + '\\n')
    if (id === 50 && !existsSync('mended')) {
      await pause(1_500)
      process.kill(process.pid, 'SIGKILL')
      await pause(10_000)
    }
    return id
  }, { durability: 'exit' })
  return done
})
`

interface PlanLine {
  readonly type: string
  readonly plan: {
    readonly stages: readonly { readonly path: string; readonly again?: number }[]
    readonly items?: { readonly total: number; readonly run: number }
  }
}

test('X1 the plan after a kill tells about how many items were finished and not saved, and so are done again', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': dying })
  const killed = await project.waymark('run', 'etl.ts')
  assert.equal(killed.code, 3, killed.stderr)
  await project.write('mended', '')
  const shown = await project.waymark('resume', '--plan')
  const json = await project.waymark('resume', '--plan', '--json')
  assert.match(shown.stderr + shown.stdout, /↻ redo +enrich +about 50 +finished and not saved when the process died/)
  const plan = (jsonLines(json.stdout) as unknown as PlanLine[]).find(({ type }) => type === 'plan')?.plan
  assert.equal(plan?.stages.find(({ path }) => path === 'enrich')?.again, 50)
  // And so it is: what was told of and not recorded is called again, all of it.
  const before = await project.lines('calls.txt')
  assert.deepEqual([...before].sort(byNumber), ids(51))
  const resumed = await project.waymark('resume', '--json')
  assert.equal(resumed.code, 0, resumed.stderr)
  const after = (await project.lines('calls.txt')).slice(before.length)
  assert.deepEqual(after.sort(byNumber), ids(80))
  const lines = jsonLines(resumed.stdout)
  assert.equal(lines.find(({ type }) => type === 'result')?.['value'], 80)
  const { proof } = lines.find(({ type }) => type === 'run.ended') as { proof: { items: object } }
  assert.deepEqual(proof.items, { reused: 0, new: 80, total: 80 })
})

const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, id) => String(id))
const byNumber = (a: string, b: string): number => Number(a) - Number(b)
