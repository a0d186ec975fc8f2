import assert from 'node:assert/strict'
import { chmodSync, cpSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError } from 'waymark'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { DamagedWorld } from './verify-world.ts'

const problemsOf = async (world: DamagedWorld, full = true) =>
  (await world.use(store => store.verify({ full }), { readOnly: true })).problems

test('X8 an intact store is found intact, quick and full, with every byte of its packs read in full', async t => {
  const world = await DamagedWorld.make(t, { parity: true })
  const packBytes = world.files('packs', '.pack').reduce((sum, name) => sum + statSync(join(world.path, 'packs', name)).size, 0)
  const progress: number[] = []
  const report = await world.use(store =>
    store.verify({ full: true, onProgress: ({ done, total }) => progress.push(done / total) }),
  )
  assert.deepEqual([report.ok, report.problems, report.damaged, report.orphans], [true, [], [], { packs: 0, bytes: 0 }])
  assert.ok(report.checkpoints >= 8 && report.packs === 2 && report.segments === 1)
  assert.ok(report.bytes >= packBytes, `${report.bytes} bytes read of ${packBytes} in packs`)
  assert.equal(progress.at(-1), 1)
  assert.deepEqual(
    progress,
    [...progress].sort((a, b) => a - b),
  )
  const quick = await world.use(store => store.verify())
  assert.equal(quick.ok, true)
  assert.ok(quick.bytes < report.bytes / 2, `${quick.bytes} bytes read by a quick verification`)
})

test('verifying changes nothing, and a store that may only be read is enough', async t => {
  const world = await DamagedWorld.make(t)
  world.flip(`packs/${world.files('packs', '.pack')[0]}`, 5_000)
  world.flip(world.catalogFile, world.placeInCatalog('library'))
  const look = () =>
    readdirSync(world.path, { recursive: true, withFileTypes: true })
      .map(entry => {
        const { size, mtimeMs, ino } = statSync(join(entry.parentPath, entry.name))
        return `${entry.parentPath}/${entry.name} ${size} ${mtimeMs} ${ino}`
      })
      .sort()
  const before = look()
  const folders = readdirSync(world.path, { recursive: true, withFileTypes: true }).filter(entry => entry.isDirectory())
  const lock = (mode: number) => {
    for (const entry of folders) chmodSync(join(entry.parentPath, entry.name), mode)
    chmodSync(world.path, mode)
  }
  lock(0o500)
  try {
    const kinds = (await problemsOf(world)).map(({ kind }) => kind)
    assert.deepEqual([...new Set(kinds)].sort(), ['catalog', 'pack'])
  } finally {
    lock(0o700)
  }
  assert.deepEqual(look(), before)
})

test('a store opened to be read refuses to save, and stays as it is', async t => {
  const world = await DamagedWorld.make(t)
  const before = world.contents()
  await world.use(
    async store => {
      assert.deepEqual((await store.load('chosen')).value, world.get('chosen').value)
      await assert.rejects(store.save({ value: 1 }), { code: 'unavailable' })
      await assert.rejects(store.save({ value: Buffer.alloc(500_000, 7) }), { code: 'unavailable' })
    },
    { readOnly: true },
  )
  assert.deepEqual(world.contents(), before)
})

test('X8 a flipped byte in any region of a pack is named, with the checkpoints that it takes and the newest intact one of their stage', async t => {
  const world = await DamagedWorld.make(t)
  const [large = ''] = world.files('packs', '.pack')
  const size = world.bytes(`packs/${large}`).length
  for (const [region, at] of [
    ['magic', 3],
    ['id', 20],
    ['frame head', 100],
    ['table', 160],
    ['payload', Math.floor(size / 2)],
    ['footer', size - 80],
    ['trailer', size - 3],
  ] as const) {
    const copy = world.copy()
    copy.flip(`packs/${large}`, at)
    const report = await copy.use(store => store.verify({ full: true }), { readOnly: true })
    assert.equal(report.ok, false, region)
    const [problem] = report.problems
    assert.deepEqual([problem?.kind, problem?.name], ['pack', large.slice(0, -5)], region)
    assert.ok((problem?.checkpoints.length ?? 0) > 0, `${region}: nobody is affected`)
    await copy.use(async store => {
      for (const { checkpoint, value } of copy.saved.values()) {
        const isDamaged = report.damaged.some(({ id }) => id === checkpoint.id)
        const loaded = await store.load(checkpoint.id).catch(error => {
          assert.ok(isWaymarkError(error, 'corrupt'))
          return undefined
        })
        if (loaded !== undefined) assert.deepEqual(loaded.value, value)
        assert.equal(loaded === undefined, isDamaged, `${region}: ${checkpoint.stage} is reported wrongly`)
      }
    })
  }
})

test('a flipped byte in the payload of a pack is found by a full verification only; a lost pack by a quick one too', async t => {
  const world = await DamagedWorld.make(t)
  const [large = ''] = world.files('packs', '.pack')
  const flipped = world.copy()
  flipped.flip(`packs/${large}`, Math.floor(world.bytes(`packs/${large}`).length / 2))
  const [quick, full] = [await problemsOf(flipped, false), await problemsOf(flipped, true)]
  assert.deepEqual([...new Set(full.filter(({ kind }) => kind === 'pack').map(({ name }) => `${name}.pack`))], [large])
  // Of a sealed pack a flip costs a block of 64 KiB, with what a quick verification reads there.
  if (!world.isSealed) assert.deepEqual([quick.length, full.length], [0, 1])
  for (const name of world.files('packs', '.pack')) {
    const copy = world.copy()
    copy.remove(`packs/${name}`)
    const [problem, ...others] = await problemsOf(copy, false)
    assert.deepEqual([problem?.kind, problem?.name, others], ['pack', name.slice(0, -5), []])
    assert.match(problem?.message ?? '', /missing/)
    assert.ok((problem?.checkpoints.length ?? 0) > 0)
  }
})

test('a delta whose base is lost takes its checkpoint with it, also where no manifest names the base', async t => {
  const world = await DamagedWorld.make(t)
  const report = await (async () => {
    // The pack with the rows of the first version holds the bases of the later ones.
    const names = world.files('packs', '.pack')
    for (const name of names) {
      const copy = world.copy()
      copy.remove(`packs/${name}`)
      const found = await copy.use(store => store.verify(), { readOnly: true })
      if (found.damaged.some(({ id }) => id === world.get('first').checkpoint.id)) return found
    }
    throw new Error('no pack holds the first version')
  })()
  const damaged = report.damaged.map(({ id }) => id)
  for (const name of ['first', 'second', 'third']) assert.ok(damaged.includes(world.get(name).checkpoint.id), name)
  assert.ok(!damaged.includes(world.get('noise').checkpoint.id))
})

test('two packs under each other’s names, and a pack cut to any of some lengths, are named', async t => {
  const world = await DamagedWorld.make(t)
  const [one = '', two = ''] = world.files('packs', '.pack')
  const swapped = world.copy()
  swapped.write(`packs/${one}`, world.bytes(`packs/${two}`))
  swapped.write(`packs/${two}`, world.bytes(`packs/${one}`))
  const names = (await problemsOf(swapped, false)).map(({ kind, name }) => `${kind} ${name}.pack`)
  assert.deepEqual(names.sort(), [`pack ${one}`, `pack ${two}`].sort())
  const { length } = world.bytes(`packs/${one}`)
  for (const cut of [0, 1, 95, 96, 1_000, Math.floor(length / 2), length - 1]) {
    const copy = world.copy()
    copy.write(`packs/${one}`, world.bytes(`packs/${one}`).subarray(0, cut))
    assert.deepEqual(
      (await problemsOf(copy, false)).map(({ name }) => `${name}.pack`),
      [one],
      `cut to ${cut}`,
    )
  }
})

test('a flipped byte in the log, a lost or cut segment, is named with what it takes', async t => {
  const world = await DamagedWorld.make(t)
  const [segment = ''] = world.files('segments', '.seg')
  const { length } = world.bytes(`segments/${segment}`)
  const name = segment.slice(0, -4)
  for (const at of [4, 300, Math.floor(length / 2), length - 200]) {
    const copy = world.copy()
    copy.flip(`segments/${segment}`, at)
    const problems = await problemsOf(copy, false)
    assert.ok(
      problems.some(problem => problem.kind === 'segment' && problem.name === name),
      `flipped at ${at}: ${JSON.stringify(problems)}`,
    )
  }
  const cut = world.copy()
  cut.write(`segments/${segment}`, world.bytes(`segments/${segment}`).subarray(0, Math.floor(length / 2)))
  const problems = await problemsOf(cut, false)
  const lost = problems.find(problem => problem.name === name)
  assert.match(lost?.message ?? '', /its end is lost/)
  assert.ok((lost?.checkpoints.length ?? 0) > 0, 'what the catalog still knows is not named')
})

test('a damaged claim, a lost one, a damaged catalog and a damaged parity file are named', async t => {
  const world = await DamagedWorld.make(t, { parity: true })
  const claim = world.files('claims', '.2')[0] ?? ''
  const cases: readonly (readonly [string, (copy: DamagedWorld) => void])[] = [
    ['claim', copy => copy.flip(`claims/${claim}`, 5)],
    ['claim', copy => copy.flip(`claims/${claim}`, -3)],
    ['claim', copy => copy.remove(`claims/${claim}`)],
    ['catalog', copy => copy.flip(copy.catalogFile, 5)],
    ['catalog', copy => copy.flip(copy.catalogFile, copy.placeInCatalog('chosen'))],
    ['catalog', copy => copy.write(copy.catalogFile, copy.bytes(copy.catalogFile).subarray(0, 5_000))],
    ['parity', copy => copy.flip(`packs/${copy.files('packs', '.par')[0]}`, 20)],
    ['parity', copy => copy.flip(`packs/${copy.files('packs', '.par')[0]}`, -40)],
  ]
  for (const [index, [kind, damage]] of cases.entries()) {
    const copy = world.copy()
    damage(copy)
    const problems = await problemsOf(copy)
    assert.deepEqual([...new Set(problems.map(problem => problem.kind))], [kind], `case ${index}: ${JSON.stringify(problems)}`)
  }
})

test('what a power cut leaves of a claim, and hints about chunks, are no damage', async t => {
  const world = await DamagedWorld.make(t)
  const claim = `claims/${world.files('claims', '.2')[0]}`
  for (const left of [
    Buffer.alloc(0),
    Buffer.alloc(40),
    world.bytes(claim).subarray(0, 10),
    world.bytes(claim).subarray(0, 30),
  ]) {
    world.write(claim, left)
    assert.deepEqual(await problemsOf(world), [])
  }
  world.flip('chunks.sqlite', 30)
  assert.deepEqual(await problemsOf(world), [])
})

test('a damaged or lost descriptor is `corrupt`, and named', async t => {
  const world = await DamagedWorld.make(t)
  const flipped = world.copy()
  flipped.flip('waymark.json', 40)
  await assert.rejects(problemsOf(flipped), { code: 'corrupt', message: /waymark\.json/ })
  const lost = world.copy()
  lost.remove('waymark.json')
  await assert.rejects(problemsOf(lost), { code: 'corrupt', message: /waymark\.json/ })
  await world.use(async store => {
    world.flip('waymark.json', 40)
    assert.deepEqual(
      (await store.verify()).problems.map(({ kind }) => kind),
      ['descriptor'],
    )
  })
})

test('loading a damaged checkpoint names the newest intact one before it, with labels and without, and what mends it', async t => {
  const world = await DamagedWorld.make(t)
  const value = world.get('first').value
  const ids = await world.use(async store => {
    const one = await store.save({ value })
    const two = await store.save({ value: Buffer.alloc(300_000, 1).map((_, i) => (i * i * 31) >> 5) })
    return [one.id, two.id]
  })
  const [noise = ''] = world.files('packs', '.pack').filter(name => world.bytes(`packs/${name}`).length > 0)
  const report = await world.use(async store => {
    for (const name of world.files('packs', '.pack')) {
      const size = world.bytes(`packs/${name}`).length
      if (name !== noise) world.flip(`packs/${name}`, size - 3)
    }
    return store.verify()
  })
  assert.ok(report.damaged.length > 0)
  await world.use(async store => {
    for (const { id, lastGood, run, stage } of report.damaged) {
      await assert.rejects(store.load(id), error => {
        assert.ok(isWaymarkError(error, 'corrupt'))
        assert.match(error.remedy, /waymark repair/)
        // An unlabelled one has a parent only where there is one.
        assert.equal(error.details['lastGood'], lastGood, `${run} ${stage}`)
        return true
      })
    }
  })
  assert.ok(ids.length === 2)
})

test('a verification can be stopped', async t => {
  const world = await DamagedWorld.make(t)
  const stop = AbortSignal.abort()
  await assert.rejects(
    world.use(store => store.verify({ signal: stop })),
    { code: 'cancelled' },
  )
})

test('a store of the version before is proven too, its packs of format 1 included', async t => {
  const world = await DamagedWorld.make(t)
  const old = world.copy()
  rmSync(old.path, { recursive: true })
  cpSync(new URL('../format/golden/store-1.0', import.meta.url), old.path, { recursive: true })
  assert.deepEqual(await problemsOf(old), [])
  for (const name of old.files('packs', '.pack')) {
    const copy = old.copy()
    copy.flip(`packs/${name}`, Math.floor(old.bytes(`packs/${name}`).length / 2))
    const [problem] = await problemsOf(copy)
    assert.deepEqual([problem?.kind, problem?.name], ['pack', name.slice(0, -5)])
    assert.ok((problem?.checkpoints.length ?? 0) > 0)
  }
})

test('X8 any byte of any file flipped is named by a full verification, or does no harm', async t => {
  const world = await DamagedWorld.make(t, { parity: true })
  const random = seededRandom(41)
  const files = [
    ...world.contents().keys(),
    world.catalogFile,
    'chunks.sqlite',
    ...world.files('segments', '.seg').map(name => `segments/${name}`),
  ]
  const named = new Map<string, number>()
  for (let trial = 0; trial < 60; trial++) {
    const file = files[trial % files.length] ?? ''
    const bytes = world.bytes(file)
    if (bytes.length === 0) continue
    const at = random.integer(bytes.length)
    const damaged = Buffer.from(bytes)
    damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << random.integer(8)), at)
    world.write(file, damaged)
    const problems = await problemsOf(world).catch(error => {
      const codes = ['corrupt', 'unsupported', ...(file.startsWith('keys/') ? ['key_missing'] : [])]
      assert.ok(isWaymarkError(error) && codes.includes(error.code), `${file} at ${at}: ${error}`)
      return [error]
    })
    if (problems.length > 0) named.set(file, 1 + (named.get(file) ?? 0))
    else {
      await world.use(
        async store => {
          for (const { checkpoint, value } of world.saved.values()) {
            assert.deepEqual((await store.load(checkpoint.id)).value, value, `${file} at ${at} is not named, and does harm`)
          }
        },
        { readOnly: true },
      )
    }
    world.write(file, bytes)
  }
  for (const file of files) {
    if (/gitignore|sqlite|claims/.test(file)) continue
    assert.ok((named.get(file) ?? 0) > 0, `no flip in ${file} was named`)
  }
})

test('a lost folder is an error that says which, or what was in it is named', async t => {
  const world = await DamagedWorld.make(t)
  const claims = world.copy()
  rmSync(join(claims.path, 'claims'), { recursive: true })
  assert.deepEqual([...new Set((await problemsOf(claims)).map(({ kind }) => kind))], ['claim'])
  const packs = world.copy()
  rmSync(join(packs.path, 'packs'), { recursive: true })
  await assert.rejects(problemsOf(packs), error => isWaymarkError(error, 'unavailable') && /packs/.test(error.message))
})
