import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metadataJson } from '../../src/model/check-event.ts'
import { EventPack, mostBytesInRecord } from '../../src/model/packed-events.ts'

test('A7 metadata that would be read as something else is refused, with where it is', () => {
  const list = Object.assign([1], { toJSON: () => 2 })
  const named = Object.assign([1], { more: 2 })
  for (const [metadata, message, path] of [
    [{ list }, /^the metadata of x at list has a toJSON/, 'list'],
    [{ toJSON: () => 1 }, /^the metadata of x has a toJSON/, undefined],
    [{ a: [named] }, /^the metadata of x at a\[0\] is a list with properties/, 'a[0]'],
    [{ a: { [Symbol('s')]: 1 } }, /^the metadata of x at a has a symbol/, 'a'],
    [{ when: new Map() }, /holds a Map at when, which/, 'when'],
  ] as const)
    assert.throws(() => metadataJson('x', metadata), { code: 'invalid', message, details: path === undefined ? {} : { path } })
  assert.equal(metadataJson('x', { a: -0, b: [1, { c: null }], d: undefined }), '{"a":0,"b":[1,{"c":null}]}')
})

test('A7 metadata that is far too large is refused before all of it is read', () => {
  let reads = 0
  const part = {
    get text() {
      reads++
      return 'x'.repeat(1_000)
    },
  }
  const list = Array.from({ length: 10_000 }, () => part)
  assert.throws(() => metadataJson('x', { list }), { code: 'invalid', message: /more than 32768 bytes/, details: {} })
  assert.ok(reads < 40, String(reads))
})

test('A7 a record of events takes at most 64 KiB, whatever is written in them', () => {
  for (const letter of ['x', 'ü', '€', '😀']) {
    const pack = new EventPack()
    const json = JSON.stringify({ text: letter.repeat(150) })
    const event = { type: 't', time: 1, status: 'info', stage: 's', item: letter.repeat(20), json } as const
    let events = 0
    while (pack.add(event)) events++
    const { lines, facets } = pack.record(1, 1)
    assert.ok(lines.byteLength <= mostBytesInRecord, `${letter} ${lines.byteLength}`)
    assert.equal(pack.length, lines.byteLength)
    assert.deepEqual(facets, [['t', 'info', 's', events]])
  }
})
