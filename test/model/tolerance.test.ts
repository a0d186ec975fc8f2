import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFingerprint, plainMessage } from '../../src/model/error-fingerprint.ts'
import { beyondTolerance } from '../../src/model/tolerance.ts'

test('[X5] so many items may fail, and not one more', () => {
  const facts = (setAside: number) => ({ setAside, total: 100, finished: 50 })
  assert.equal(beyondTolerance({ count: 2 }, facts(2)), undefined)
  assert.equal(beyondTolerance({ count: 2 }, facts(3)), 'tolerate allows 2 items')
  assert.equal(beyondTolerance({ count: 0 }, facts(1)), 'tolerate allows 0 items')
  assert.notEqual(beyondTolerance(undefined, facts(1)), undefined)
})

test('[X5] a share is held against the total, and against what is finished while that is unknown', () => {
  assert.equal(beyondTolerance({ share: 0.05 }, { setAside: 5, total: 100, finished: 5 }), undefined)
  assert.equal(beyondTolerance({ share: 0.05 }, { setAside: 6, total: 100, finished: 6 }), 'tolerate allows 5 % of 100 items')
  // Three of the first ten say little about a million.
  assert.equal(beyondTolerance({ share: 0.05 }, { setAside: 3, total: undefined, finished: 10 }), undefined)
  assert.equal(beyondTolerance({ share: 0.05 }, { setAside: 5, total: undefined, finished: 100 }), undefined)
  assert.equal(
    beyondTolerance({ share: 0.05 }, { setAside: 6, total: undefined, finished: 100 }),
    'tolerate allows 5 % of 100 items',
  )
  // Both hold.
  assert.equal(beyondTolerance({ count: 3, share: 0.5 }, { setAside: 4, total: 100, finished: 9 }), 'tolerate allows 3 items')
  assert.equal(
    beyondTolerance({ count: 90, share: 0.5 }, { setAside: 51, total: 100, finished: 51 }),
    'tolerate allows 50 % of 100 items',
  )
})

test('[X5] errors of one kind at one place have one fingerprint, whatever they name', () => {
  const thrown = (message: string, stack: string) => ({ name: 'HttpError', message, stack: `HttpError: ${message}\n${stack}` })
  const at = (line: number) => `    at fetchPage (file:///home/me/project/src/fetch.ts:${line}:7)\n    at node:internal/x:1:1`
  const one = errorFingerprint(thrown('GET https://shop.example/items/17 gave 500 for "a17"', at(10)))
  assert.equal(one, errorFingerprint(thrown('GET https://shop.example/items/18 gave 502 for "b18"', at(12))))
  assert.match(one, /^[0-9a-f]{12}$/)
  assert.notEqual(one, errorFingerprint(thrown('no such item', at(10))))
  assert.notEqual(
    one,
    errorFingerprint({ ...thrown('GET https://shop.example/items/17 gave 500 for "a17"', at(10)), name: 'TypeError' }),
  )
  const elsewhere = at(10).replace('fetchPage', 'parsePage')
  assert.notEqual(one, errorFingerprint(thrown('GET https://shop.example/items/17 gave 500 for "a17"', elsewhere)))
  assert.notEqual(
    errorFingerprint({ ...thrown('it failed', at(1)), cause: thrown('no route to host', '') }),
    errorFingerprint({ ...thrown('it failed', at(1)), cause: thrown('refused', '') }),
  )
})

test('a message without what varies', () => {
  assert.equal(plainMessage("cannot read /tmp/x17/a.json: 'id' of order o-991 is 12.5"), 'cannot read …: "…" of order # is #.#')
})
