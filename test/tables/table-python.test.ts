import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { table } from 'waymark'
import { encodeValue } from '../../src/format/encode-value.ts'
import { plainView } from '../format/plain-view.ts'

const python = '/usr/bin/python3'
const hasPython = spawnSync(python, ['--version']).status === 0

const tables: Readonly<Record<string, readonly object[]>> = {
  prices: Array.from({ length: 300 }, (_, index) => ({
    id: index * 7,
    big: 2 ** 40 + index,
    price: index / 8,
    ticker: ['SAP', 'Ökö', '€'][index % 3],
    at: new Date(1_700_000_000_000 + index),
    paid: index % 3 === 0,
    n: BigInt(index) - 5n,
  })),
  absent: [{ a: 1, b: null }, { b: undefined, a: null }, {}, { b: 'x' }, { c: -0, a: 3 }],
  nested: [
    { tags: ['a', null, undefined], place: { x: 1, y: [Buffer.from('b')] } },
    { place: { y: [], x: null }, tags: [] },
    { place: null },
    { bytes: Uint8Array.of(1, 2) },
  ],
}

test('[E1] another language reads tables from their description alone', {
  skip: hasPython ? false : 'SKIPPED: no python3',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-table-'))
  try {
    const coded = table([{ kind: 'a' }, { kind: 'b' }, { kind: 'a' }, { kind: null }], {
      schema: { kind: 'dictionary<utf8, int8>' },
    })
    const all = { ...tables, coded }
    const lines = Object.entries(all).map(
      ([name, rows]) => `${name}: ${Buffer.from(encodeValue(name === 'coded' ? rows : table([...rows]))).toString('hex')}\n`,
    )
    const file = join(folder, 'tables.txt')
    writeFileSync(file, lines.join(''))
    const { stdout, stderr, status } = spawnSync(python, [join(import.meta.dirname, 'fixtures', 'read_table.py'), file], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    for (const [name, rows] of Object.entries(all)) assert.deepEqual(JSON.parse(stdout)[name], plainView([...rows]), name)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
