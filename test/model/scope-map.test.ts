import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isInside } from '../../src/model/scope.ts'
import { ScopeMap } from '../../src/model/scope-map.ts'

const paths = ['a', 'a[1]', 'a[1]/b', 'a[1]/b[a%2Fb]', 'a/b', 'ab', 'ab[1]', 'b', 'b[1]/a', 'b[1]/a[1]/c'] as const
const path = fc.constantFrom(...paths)
const command = fc.oneof(
  { arbitrary: fc.record({ verb: fc.constant('set' as const), path }), weight: 6 },
  { arbitrary: fc.record({ verb: fc.constant('delete' as const), path }), weight: 3 },
  { arbitrary: fc.record({ verb: fc.constant('inside' as const), path: fc.oneof(path, fc.constant('')) }), weight: 3 },
  { arbitrary: fc.record({ verb: fc.constant('clear' as const), path }), weight: 1 },
)

test('[E10 property] what lies inside a path is found as by looking at every path, whenever it is first asked', () =>
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60, size: 'max' }), commands => {
      const map = new ScopeMap<number>()
      const model = new Map<string, number>()
      for (const [n, { verb, path: at }] of commands.entries()) {
        if (verb === 'set') {
          map.set(at, n)
          model.set(at, n)
        } else if (verb === 'delete') assert.equal(map.delete(at), model.delete(at))
        else if (verb === 'clear') {
          map.clear()
          model.clear()
        } else {
          const expected = [...model.keys()].filter(one => at === '' || isInside(one, at))
          assert.deepEqual([...map.inside(at)].sort(), expected.sort())
        }
        assert.deepEqual([...map], [...model])
      }
    }),
    { numRuns: 300 },
  ))
