import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { WaymarkProject } from './waymark-project.ts'

/** Grows until something ends it: outside V8's heap (`buffers`) or inside it. */
const greedy = `
import { pipeline } from 'waymark'
export default pipeline('greedy', async (run, params) => {
  await run.stage('first', () => 1)
  await run.stage('grow', async () => {
    const kept: unknown[] = []
    for (let i = 0; ; i++) {
      kept.push(params.kind === 'buffers' ? Buffer.alloc(8_000_000, i) : Array.from({ length: 100_000 }, (_, j) => ({ j })))
      await new Promise(resolve => setTimeout(resolve, 1))
    }
  })
})
`

test('a heap that is full is recorded as likely out of memory, in V8’s own words', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': greedy })
  const { code, stderr } = await project.start(['run', 'a.ts', '--kind', 'objects'], { NODE_OPTIONS: '--max-old-space-size=60' })
    .ended
  assert.equal(code, 3, stderr)
  assert.match(stderr, /likely out of memory \(V8 said: JavaScript heap out of memory\)/)
  assert.match(stderr, /do +waymark resume \w{6} .*--max-old-space-size/)
  const { stdout } = await project.waymark('show', '@last')
  assert.match(stdout, /cause +.*likely out of memory/)
})

/** A memory group of our own with a limit, if this machine lets us make one. */
function memoryGroup(limitBytes: number): { readonly procs: string; readonly remove: () => void } | undefined {
  const version1 = '/sys/fs/cgroup/memory'
  const [mount, limitFile, swapFile] = existsSync(`${version1}/memory.limit_in_bytes`)
    ? [version1, 'memory.limit_in_bytes', 'memory.memsw.limit_in_bytes']
    : ['/sys/fs/cgroup', 'memory.max', 'memory.swap.max']
  const folder = `${mount}/waymark-test-${process.pid}`
  try {
    mkdirSync(folder)
    writeFileSync(`${folder}/${limitFile}`, String(limitBytes))
    if (existsSync(`${folder}/${swapFile}`)) writeFileSync(`${folder}/${swapFile}`, mount === version1 ? String(limitBytes) : '0')
    return { procs: `${folder}/cgroup.procs`, remove: () => rmdirSync(folder) }
  } catch {
    return undefined
  }
}

test('a kill by the kernel for want of memory is recognised by its counter', async t => {
  const group = memoryGroup(400_000_000)
  if (group === undefined) return t.skip('no memory group can be made here')
  t.after(() => group.remove())
  const project = await WaymarkProject.create(t, { 'a.ts': greedy })
  const run = project.start(['run', 'a.ts', '--kind', 'buffers'])
  appendFileSync(group.procs, String(run.pid))
  const { code, stderr } = await run.ended
  assert.equal(code, 3, stderr)
  assert.match(stderr, /killed by SIGKILL, likely out of memory \(the kernel's out-of-memory killer/)
  const { data } = await project.json('show', '@last')
  const { run: shown } = data as { run: { cause: { likely: string } } }
  assert.equal(shown.cause.likely, 'out of memory')
})
