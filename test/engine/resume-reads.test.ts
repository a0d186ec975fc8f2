import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, pipeline } from 'waymark'
import { nodeFiles } from '../../src/files/node-files.ts'
import { interceptedFiles } from '../../src/testing/intercepted-files.ts'

test('B3 a resume reads what is recorded of the run once: the catalog, which has it, does not read it again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-engine-'))
  try {
    const path = join(folder, '.waymark')
    const items = Array.from({ length: 250_000 }, (_, i) => i)
    let fails = true
    const work = pipeline('keyed', async run => {
      const { done } = await run.each(
        'items',
        items,
        n => {
          if (n === 249_999 && fails) throw new Error('the last item fails')
        },
        { key: n => n },
      )
      return done
    })
    const first = await open({ path })
    await work.run({}, { store: first, runId: 'big' }).catch(() => {})
    await first.close()
    fails = false
    const segments = join(path, 'segments')
    const recorded = readdirSync(segments).reduce((sum, name) => sum + statSync(join(segments, name)).size, 0)
    assert.ok(recorded > 2_500_000, `${recorded} bytes`)

    let read = 0
    const files = interceptedFiles(nodeFiles, async (operation, perform) => {
      const result = await perform()
      if (operation.kind === 'read' && operation.path.endsWith('.seg') && result instanceof Uint8Array) read += result.length
      return result
    })
    const second = await open({ path, components: { files } })
    assert.equal((await work.run({}, { store: second })).value, 250_000)
    const { id, state, attempt } = await second.run('big')
    assert.deepEqual({ id, state, attempt }, { id: 'big', state: 'completed', attempt: 2 })
    await second.close()
    assert.ok(read >= recorded, `${read} of ${recorded} bytes`)
    // A part of it twice: windows of a megabyte overlap where a batch lies in two of them.
    assert.ok(read < 1.9 * recorded, `${read} bytes were read of ${recorded} that were recorded`)

    // What the catalog was told is what the log says.
    const third = await open({ path, readOnly: true })
    const { state: stateOfLog, attempt: attemptOfLog } = await third.run('big')
    assert.deepEqual([stateOfLog, attemptOfLog], ['completed', 2])
    await third.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
