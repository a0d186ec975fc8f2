import assert from 'node:assert/strict'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import type { OutputPosition } from '../../src/model/output-position.ts'
import { type FolderOutputOptions, folder } from '../../src/outputs/folder-target.ts'
import { countingFiles } from '../../src/testing/faulty-files.ts'
import { complete, noProgress, outputContext, outputItem, save } from './output-world.ts'
import { temporaryFolder } from './temporary-folder.ts'

interface Page {
  readonly id: string
  readonly text?: string
}

async function world(context: TestContext, options: FolderOutputOptions<Page> = { name: ({ id }) => `${id}.json` }) {
  const baseDirectory = await temporaryFolder(context)
  const path = `${baseDirectory}/out`
  return {
    baseDirectory,
    path,
    async attempt(token: number, position?: OutputPosition, run = 'run') {
      const target = folder<Page>('out', options)
      const facts = outputContext(baseDirectory, { token, run })
      const opened = await target.open(facts, position ?? (await target.begin(facts)))
      context.after(() => opened.output.close())
      return { ...opened, target }
    },
    visible: async () => (await readdir(path)).filter(name => !name.startsWith('.')),
    hidden: async () => (await readdir(path)).filter(name => name.startsWith('.')),
  }
}

test('X3 each result is a file of its own, and comes back in the order in which it was counted', async context => {
  const { attempt, path, baseDirectory, visible, hidden } = await world(context)
  const { output, target } = await attempt(1)
  output.add({ id: 'b', text: 'ü' }, outputItem(0))
  await save(output)
  output.add({ id: 'a' }, outputItem(1))
  const position = await complete(output)
  assert.deepEqual(await visible(), ['a.json', 'b.json'])
  assert.equal((await hidden()).length, 1)
  assert.equal(await readFile(`${path}/b.json`, 'utf8'), '{"id":"b","text":"ü"}\n')
  const rows: unknown[] = []
  assert.ok(target.results)
  for await (const row of target.results(outputContext(baseDirectory), position)) rows.push(row)
  assert.deepEqual(rows, [{ id: 'b', text: 'ü' }, { id: 'a' }])
})

test('a file holds what encode gave, text or bytes', async context => {
  const encode = ({ id, text }: Page) => (text === undefined ? new Uint8Array([1, 2, 255]) : `${id}: ${text}`)
  const { attempt, path } = await world(context, { name: ({ id }) => id, encode })
  const { output } = await attempt(1)
  output.add({ id: 'a' }, outputItem(0))
  output.add({ id: 'b', text: 'x' }, outputItem(1))
  await complete(output)
  assert.deepEqual(await readFile(`${path}/a`), Buffer.from([1, 2, 255]))
  assert.equal(await readFile(`${path}/b`, 'utf8'), 'b: x')
})

test('X3 no file is seen before the record that counts it, nor lost after; uncounted ones are removed', async context => {
  const { attempt, visible, hidden } = await world(context)
  const first = await attempt(1)
  first.output.add({ id: 'a' }, outputItem(0))
  const position = await first.output.flush(noProgress)
  assert.deepEqual(await visible(), [])
  first.output.add({ id: 'uncounted' }, outputItem(1))
  await first.output.flush(noProgress)
  await first.output.close()
  const second = await attempt(2, position)
  assert.deepEqual(await visible(), ['a.json'])
  assert.equal((await hidden()).length, 1)
  second.output.add({ id: 'b' }, outputItem(1))
  await complete(second.output)
  assert.deepEqual(await visible(), ['a.json', 'b.json'])
  assert.equal((await hidden()).length, 1)
})

test('X3 an earlier owner that wakes up after the take-over shows nothing', async context => {
  const { attempt, visible, path } = await world(context)
  const stalled = await attempt(1)
  stalled.output.add({ id: 'a' }, outputItem(0))
  const position = await save(stalled.output)
  stalled.output.add({ id: 'b', text: 'stalled' }, outputItem(1))
  const successor = await attempt(2, position)
  successor.output.add({ id: 'b', text: 'successor' }, outputItem(1))
  await stalled.output.flush(noProgress).catch(() => {})
  await complete(successor.output)
  assert.deepEqual(await visible(), ['a.json', 'b.json'])
  assert.match(await readFile(`${path}/b.json`, 'utf8'), /successor/)
})

test('X3 two items with one file name are a conflict, also across attempts', async context => {
  const { attempt } = await world(context)
  const first = await attempt(1)
  first.output.add({ id: 'a' }, outputItem(0, 'first'))
  const clash = (text: RegExp) => (error: unknown) => isWaymarkError(error, 'conflict') && text.test(error.message)
  assert.throws(
    () => first.output.add({ id: 'a' }, outputItem(1, 'second')),
    clash(/items first and second both have the file name "a.json"/),
  )
  const position = await save(first.output)
  await first.output.close()
  const second = await attempt(2, position)
  assert.throws(() => second.output.add({ id: 'a' }, outputItem(2, 'third')), clash(/items first and third/))
})

test('a name that leads out of the folder, or that some system keeps for itself, is invalid [pitfall 14]', async context => {
  const { attempt, baseDirectory } = await world(context, { name: ({ id }) => id })
  const { output } = await attempt(1)
  const names = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '/etc/x',
    'a\0b',
    'a\nb',
    '\uD800',
    '.waymark-run-1-names-1',
    'CON',
    'nul.json',
    'com1.txt',
    'a.',
    'a ',
    'ä'.repeat(128),
  ]
  for (const id of names) {
    assert.throws(
      () => output.add({ id }, outputItem(7)),
      error => isWaymarkError(error, 'invalid') && /file name of item 7/.test(error.message),
      JSON.stringify(id),
    )
  }
  for (const id of [undefined, 7, null, Promise.resolve('a')]) {
    assert.throws(
      () => output.add({ id }, outputItem(7)),
      error => isWaymarkError(error, 'invalid'),
    )
  }
  for (const id of ['a', '.hidden', 'a.b.c', 'console', 'ä'.repeat(127), 'a b']) output.add({ id }, outputItem(0))
  await complete(output)
  assert.deepEqual(await readdir(baseDirectory), ['out'])
})

test('X3 a new run removes the files of the one before, and nothing else in the folder', async context => {
  const { attempt, path, visible, hidden } = await world(context)
  const first = await attempt(3)
  for (const id of ['a', 'b', 'c']) first.output.add({ id }, outputItem(0))
  await complete(first.output)
  await writeFile(`${path}/mine.json`, 'mine')
  await writeFile(`${path}/b.json`, 'changed by hand')
  const second = await attempt(1, undefined, 'later')
  second.output.add({ id: 'd' }, outputItem(0))
  await complete(second.output)
  assert.deepEqual(await visible(), ['b.json', 'd.json', 'mine.json'])
  assert.equal((await hidden()).length, 1)
})

test('files that somebody took away are told, and a list that was changed is a conflict', async context => {
  const { attempt, path, hidden } = await world(context)
  const first = await attempt(1)
  for (const id of ['a', 'b']) first.output.add({ id }, outputItem(0))
  const position = await save(first.output)
  await first.output.close()
  await rm(`${path}/a.json`)
  const { notices, output } = await attempt(2, position)
  await output.close()
  assert.match(notices?.join() ?? '', /1 of 2 files that count are not there any more/)
  await writeFile(`${path}/${(await hidden())[0]}`, '')
  await assert.rejects(attempt(3, position), error => isWaymarkError(error, 'conflict'))
})

test('X3 a pass that begins again in the same attempt replaces what the one before it left, and keeps what counts', async context => {
  const { attempt, visible, path } = await world(context)
  const earlier = await attempt(1)
  earlier.output.add({ id: 'a' }, outputItem(0))
  const counted = await save(earlier.output)
  const again = await attempt(1, counted)
  earlier.output.add({ id: 'b', text: 'of the call that was given up' }, outputItem(1))
  await earlier.output.flush(noProgress)
  again.output.add({ id: 'b', text: 'again' }, outputItem(1))
  const position = await again.output.flush(noProgress)
  // Should the process die here, the list that counts is still whole.
  assert.ok(counted.kind === 'folder' && position.kind === 'folder')
  assert.equal((await readFile(`${path}/${counted.names?.path}`)).length >= (counted.names?.length ?? 0), true)
  assert.notEqual(position.names?.path, counted.names?.path)
  await again.output.recorded?.()
  await again.output.finish()
  assert.deepEqual(await visible(), ['a.json', 'b.json'])
  assert.match(await readFile(`${path}/b.json`, 'utf8'), /again/)
})

test('a folder of many files is opened by its listing: how many are looked at does not grow with them', async context => {
  const { attempt, baseDirectory } = await world(context)
  const first = await attempt(1)
  for (let i = 0; i < 300; i++) first.output.add({ id: `${i}` }, outputItem(i))
  const shown = await save(first.output)
  for (let i = 300; i < 310; i++) first.output.add({ id: `${i}` }, outputItem(i))
  const position = await first.output.flush(noProgress)
  assert.equal(shown.kind, 'folder')
  await first.output.close()
  const files = countingFiles(nodeFiles)
  const target = folder<Page>('out', { name: ({ id }) => `${id}.json` })
  const opened = await target.open(outputContext(baseDirectory, { token: 2, files }), position)
  await opened.output.close()
  assert.deepEqual(opened.notices, [])
  const { stat = 0, exists = 0, rename = 0 } = files.counts
  assert.equal(rename, 10)
  assert.ok(stat + exists < 100, `${stat} + ${exists} files were looked at`)
})

test('options of any type but the right one are invalid, in a sentence', () => {
  const name = () => 'a'
  for (const given of [
    [''],
    [7, { name }],
    ['out'],
    ['out', {}],
    ['out', { name: 'a' }],
    ['out', { name, encode: 'json' }],
    ['out', null],
  ]) {
    assert.throws(
      () => Reflect.apply(folder, undefined, given),
      error => isWaymarkError(error, 'invalid'),
      JSON.stringify(given),
    )
  }
})
