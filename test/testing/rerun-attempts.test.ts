import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonl, pipeline } from 'waymark'
import { rerunFromEveryCheckpoint } from 'waymark/testing'

test('a pipeline that only depends on what is recorded comes out the same from every checkpoint, and changes no real file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-rerun-'))
  try {
    const input = join(folder, 'in.jsonl')
    const output = join(folder, 'out.jsonl')
    writeFileSync(input, Array.from({ length: 40 }, (_, n) => `{"n":${n}}\n`).join(''))
    writeFileSync(output, 'as before\n')
    const sound = pipeline('sound', async run => {
      const started = run.now()
      const factor = run.stage('factor', () => 3)
      const name = run.stage('name', () => run.id.length)
      const times = await factor
      const { done } = await run.each('work', jsonl<{ n: number }>(input), ({ n }) => ({ n: n * times }), {
        concurrency: 4,
        output: jsonl(output),
        save: { items: 7 },
      })
      return { done, started, draw: run.random(), uuid: run.uuid(), name: await name }
    })
    const { attempts, differences } = await rerunFromEveryCheckpoint(sound, {})
    assert.deepEqual(differences, [])
    assert.ok(attempts >= 8, `${attempts} attempts`)
    assert.equal(readFileSync(output, 'utf8'), 'as before\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('what depends on memory, on chance or on the order of calls is found, and named', async () => {
  let calls = 0
  const counting = pipeline('counting', async run => {
    await run.stage('first', () => ++calls)
    await run.stage('second', () => ++calls)
    return calls
  })
  calls = 0
  const { differences } = await rerunFromEveryCheckpoint(counting, {})
  assert.ok(differences.includes('the result was another after a restart'), differences.join('; '))
  assert.ok(differences.includes('second was another after a restart'), differences.join('; '))

  const folder = mkdtempSync(join(tmpdir(), 'waymark-rerun-'))
  const output = join(folder, 'out.jsonl')
  let lines = 0
  const writing = pipeline('writing', async run => {
    const numbers = run.stage('numbers', () => [1, 2, 3, 4])
    await run.each('work', numbers, () => ({ line: ++lines }), { output: jsonl(output), save: { items: 1 } })
  })
  const written = await rerunFromEveryCheckpoint(writing, {})
  assert.deepEqual(written.differences, [`the output ${output} was another after a restart`])
  rmSync(folder, { recursive: true })

  const drawing = pipeline('drawing', run => run.stage('draw', () => Math.random()))
  assert.deepEqual((await rerunFromEveryCheckpoint(drawing, {}, { ignore: ['draw', 'the result'] })).differences, [])
  const found = (await rerunFromEveryCheckpoint(drawing, {})).differences
  assert.ok(found.includes('draw was another after a restart'), found.join('; '))
})
