import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { WaymarkProject } from './waymark-project.ts'

const root = join(import.meta.dirname, '../..')
/** Prints the files of Waymark that were loaded, at the end of the process. */
const counting = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
  process.on('exit', () => process.stderr.write(JSON.stringify(loaded)))`)}`

/** Paths below src of what a process loads. */
async function loadedBy(cwd: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', counting, ...args], { cwd })
  const urls: readonly string[] = JSON.parse(stderr.slice(stderr.lastIndexOf('[')))
  return urls.flatMap(url => url.split('/src/')[1] ?? [])
}

// A module costs 0.6 ms of CPU at each start.
test('a command loads what it needs: to list runs, nothing that changes, compares or repairs a store', async t => {
  const project = await WaymarkProject.create(t, {
    'pipeline.ts': `import { pipeline } from 'waymark'\nexport default pipeline('one', run => run.stage('only', () => 1))`,
  })
  assert.equal((await project.waymark('run', 'pipeline.ts')).code, 0)
  const loaded = await loadedBy(project.path, join(root, 'bin/waymark.js'), 'list')
  assert.ok(loaded.includes('engine/opened-store.ts'), 'it opened a store')
  assert.ok(loaded.length <= 430, `${loaded.length} modules`)
  const needless =
    /^diff\/|^outputs\/(sql|postgres|parquet)|^engine\/(track|tracker|tracked-|merge-|repair-store|verify-|export-|import-|query-|store-stats|requeue|reset-run|registered-)/
  assert.deepEqual(
    loaded.filter(path => needless.test(path)),
    [],
  )
})

test('the process that watches over a run does not load the store: its child does', async t => {
  const project = await WaymarkProject.create(t, {
    'pipeline.ts': `import { pipeline } from 'waymark'\nexport default pipeline('one', run => run.stage('only', () => 1))`,
  })
  const loaded = await loadedBy(project.path, join(root, 'bin/waymark.js'), 'run', 'pipeline.ts')
  assert.ok(loaded.includes('cli/supervise.ts'), 'it watched')
  assert.deepEqual(
    loaded.filter(path => /^(open|(log|catalog|chunks|tables)\/.*)\.ts$/.test(path)),
    [],
  )
})
