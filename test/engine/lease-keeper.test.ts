import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { open, pipeline } from 'waymark'
import { LeaseKeeper, leaseDurationMs } from '../../src/engine/lease-keeper.ts'
import { identifyProcess } from '../../src/engine/process-identity.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { delaying, faultyFiles } from '../../src/testing/faulty-files.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { withStore } from './with-store.ts'

const owner = identifyProcess('owner')

test('a lease runs while it is held, is renewed, and is given back by the last who holds it', async () => {
  const files = new SimulatedDisk().process('owner')
  await files.makeDirectory('/leases')
  const clock = new FakeClock()
  const leases = new LeaseKeeper(files, '/leases', clock, owner)
  const [first, second] = await Promise.all([leases.hold(), leases.hold()])
  const taken = clock.now()
  assert.equal(await leases.expiryOf(owner), taken + leaseDurationMs)
  await clock.advanceAsync(20_000)
  assert.equal(await leases.expiryOf(owner), taken + 20_000 + leaseDurationMs)
  await first()
  assert.ok((await leases.expiryOf(owner)) > 0)
  await second()
  assert.equal(await leases.expiryOf(owner), 0)
  assert.deepEqual(await files.list('/leases'), [])
})

test('a lease taken again while it is being given back is there', async () => {
  const disk = new SimulatedDisk().process('owner')
  await disk.makeDirectory('/leases')
  const files = delaying(disk, async ({ kind, path }) => {
    for (let i = 0; kind === 'remove' && path === '/leases/owner' && i < 20; i++) await turn()
  })
  const leases = new LeaseKeeper(files, '/leases', new FakeClock(), owner)
  const giveBack = await leases.hold()
  const given = giveBack()
  const again = await leases.hold()
  await given
  assert.ok((await leases.expiryOf(owner)) > 0)
  await again()
})

test('X4 an owner whose lease cannot be read is left alone', async () => {
  let unreadable = true
  const files = faultyFiles(nodeFiles, [
    { when: ({ path }) => unreadable && path.includes('/leases/alive'), code: 'EMFILE', lasts: 'whenever' },
  ])
  // As from another machine: only the lease says that it lives.
  const identify = (name: string) => ({ ...identifyProcess(name), bootId: name })
  await withStore(
    async store => {
      const stop = new AbortController()
      const started = Promise.withResolvers<void>()
      const endless = pipeline('endless', async run => {
        await run.stage('endless', () => {
          started.resolve()
          return new Promise(() => {})
        })
      })
      const other = await open({
        path: store.path,
        components: { identify: () => ({ ...identifyProcess('alive'), bootId: 'other' }) },
      })
      const running = assert.rejects(endless.run({}, { store: other, signal: stop.signal }), { code: 'cancelled' })
      await started.promise
      await assert.rejects(endless.run({}, { store }), { code: 'limit' })
      unreadable = false
      await assert.rejects(endless.run({}, { store }), { code: 'lease_held' })
      stop.abort()
      await running
      await other.close()
    },
    { components: { files, identify } },
  )
})
