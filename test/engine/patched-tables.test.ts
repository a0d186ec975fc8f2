import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Store, table } from 'waymark'
import { withStore } from './with-store.ts'

const tableOf = (number: number) => table([{ number, name: `table ${number}` }])
const tablesOf = (count: number, from = 0) => Array.from({ length: count }, (_, index) => tableOf(from + index))

/** What is loaded is what was expected; the record counts its tables, and describes those that are where it says. */
async function expectTables(store: Store, id: string, expected: unknown, count: number): Promise<void> {
  const { value } = await store.load(id)
  assert.deepStrictEqual(value, expected)
  const { tables = [], tableCount = tables.length } = await store.info(id)
  assert.equal(tableCount, count)
  assert.ok(tables.length <= 100)
  for (const { path, facts } of tables) {
    const found = (path.match(/[^.[\]]+/g) ?? []).reduce((outer: unknown, key) => Object(outer)[key], value)
    assert.equal(facts.columns.find(({ name }) => name === 'number')?.min, Object(found)[0].number, path)
  }
}

for (const [what, note] of [
  ['in the record', ''],
  ['in chunks', 'n'.repeat(100_000)],
] as const) {
  test(`[A1 X6] of 150 tables ${what}, a patch that replaces, removes, adds and moves those beyond the first 100 can be loaded`, async () => {
    await withStore(async store => {
      const { id } = await store.save({ value: { all: tablesOf(150), note } })
      const replaced = await store.patch(id, { set: { 'all[120]': 'no table', note: 'short' } })
      const afterReplace = { all: tablesOf(150) as unknown[], note: 'short' }
      afterReplace.all[120] = 'no table'
      await expectTables(store, replaced.id, afterReplace, 149)

      const removed = await store.patch(replaced.id, { remove: ['all[3]', 'all[140]', 'all[141]', 'all[120]'] })
      const rest = tablesOf(150).filter((_, index) => ![3, 120, 140, 141].includes(index))
      await expectTables(store, removed.id, { all: rest, note: 'short' }, 146)

      const added = await store.patch(removed.id, {
        set: { 'all[145]': tableOf(900), 'all[146]': tableOf(901), more: { deep: [tableOf(902), tableOf(902)] } },
        remove: ['all[0]'],
      })
      const all = [...rest.slice(1, 145), tableOf(900), tableOf(901)]
      await expectTables(store, added.id, { all, note: 'short', more: { deep: tablesOf(1, 902).concat([tableOf(902)]) } }, 148)

      const few = await store.patch(added.id, { set: { all: [tableOf(1)] } })
      await expectTables(store, few.id, { all: tablesOf(1, 1), note: 'short', more: { deep: [tableOf(902), tableOf(902)] } }, 3)
      const none = await store.patch(few.id, { set: { all: 1 }, remove: ['more'] })
      assert.equal((await store.info(none.id)).tables, undefined)
      assert.deepEqual((await store.load(none.id)).value, { all: 1, note: 'short' })
    })
  })
}

test('[A1 X6] the first hundred tables removed, the other fifty are still counted', async () => {
  await withStore(async store => {
    const value = { first: tablesOf(100), second: tablesOf(50, 100) }
    const { id } = await store.save({ value })
    const { id: patched } = await store.patch(id, { remove: ['first'] })
    await expectTables(store, patched, { second: value.second }, 50)
  })
})

test('[A1 X6] tables under keys that can be written in several ways, or not at all, are gone when a patch replaces what holds them', async () => {
  const long = 'k'.repeat(100)
  const value = {
    set: new Set([tableOf(1), 'x']),
    map: new Map<unknown, unknown>([
      ['a', tableOf(2)],
      [7, tableOf(3)],
      [{ object: 1 }, [tableOf(4)]],
    ]),
    numbered: { 5: tableOf(5), 6: tableOf(6) },
    [long]: tableOf(7),
    list: [0, new Set([tableOf(8)])],
  }
  const without = (change: (copy: typeof value) => void): unknown => {
    const copy = { ...value, map: new Map(value.map), numbered: { ...value.numbered }, list: [...value.list] }
    change(copy)
    return copy
  }
  const changes: readonly (readonly [string, number, (copy: typeof value) => void])[] = [
    ['set', 1, copy => Reflect.deleteProperty(copy, 'set')],
    ['map.a', 1, copy => copy.map.delete('a')],
    ['map[map key "a"]', 1, copy => copy.map.delete('a')],
    ['map[7]', 1, copy => copy.map.delete(7)],
    ['map', 3, copy => Reflect.deleteProperty(copy, 'map')],
    ['numbered[5]', 1, copy => Reflect.deleteProperty(copy.numbered, 5)],
    ['numbered["6"]', 1, copy => Reflect.deleteProperty(copy.numbered, 6)],
    [long, 1, copy => Reflect.deleteProperty(copy, long)],
    ['list[0]', 0, copy => copy.list.shift()],
    ['list[1]', 1, copy => copy.list.pop()],
  ]
  await withStore(async store => {
    const { id } = await store.save({ value })
    for (const [path, gone, change] of changes) {
      const patched = await store.patch(id, { remove: [path] })
      assert.deepStrictEqual((await store.load(patched.id)).value, without(change), path)
      assert.equal((await store.info(patched.id)).tables?.length, 8 - gone, path)
    }
    const moved = await store.patch(id, { remove: ['list[0]'] })
    assert.ok((await store.info(moved.id)).tables?.some(({ path }) => path === 'list[0][set element 1]'))
  })
})

test('[A1 X6] whatever a patch sets and removes among many tables, also equal ones, the result can be loaded', async () => {
  await withStore(async store => {
    const places = fc.uniqueArray(fc.nat(119), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(places, places, fc.nat(3), fc.nat(20), async (set, remove, kinds, seed) => {
        const value = Array.from({ length: 120 }, (_, index) =>
          (index + seed) % 13 === 0 ? 'none' : tableOf(index % (10 * kinds + 1)),
        )
        const { id } = await store.save({ value })
        const removed = remove.filter(index => !set.includes(index))
        const changes = new Map(set.map(index => [`[${index}]`, index % 3 === 0 ? index : tableOf(index)] as const))
        const expected: unknown[] = [...value]
        for (const index of set) expected[index] = changes.get(`[${index}]`)
        const left = expected.filter((_, index) => !removed.includes(index))
        if (changes.size + removed.length === 0) return
        const patched = await store.patch(id, { set: changes, remove: removed.map(index => `[${index}]`) })
        await expectTables(store, patched.id, left, left.filter(Array.isArray).length)
      }),
      { numRuns: 12 },
    )
  })
})
