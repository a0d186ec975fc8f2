// Compiled, never run: what must compile does, and what must not is marked. `test/types/types.test.ts` runs the compiler.
import { open, type RegisteredProcess, type Tracker } from 'waymark'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Equal<A, B>): void {}

export async function loops(rows: readonly { readonly id: string }[]): Promise<void> {
  await using store = await open('/tmp/store')
  const value = await store.track({ run: 'import', stage: 'rows', total: rows.length, input: { etag: 'x' } }, async t => {
    same<typeof t, Tracker>(true)
    for (const [i, row] of rows.entries()) {
      if (t.shouldSkip(i)) continue
      await t.done(i, row.id)
    }
    same<ReturnType<typeof t.skipped>, void>(true)
    // @ts-expect-error an item is named by its index or a key
    t.done({ id: 1 })
    for await (const id of t.results<string>()) same<typeof id, string>(true)
    return { rows: rows.length }
  })
  same<typeof value, { rows: number }>(true)

  await using t = await store.track({ stage: 'rows' })
  same<typeof t, Tracker>(true)
  await t.complete()
  // @ts-expect-error a loop has a name
  await store.track({ run: 'import' })

  const work = await store.register({ name: 'import', totalSteps: 3 })
  same<typeof work, RegisteredProcess>(true)
  work.update({ completedSteps: 1, currentStep: 'orders', metadata: { bytes: 7 } })
  // @ts-expect-error steps are counted
  work.update({ completedSteps: '1' })
  const { finalData, completedSteps, resume } = await store.recover(work.id)
  same<typeof finalData, unknown>(true)
  same<typeof completedSteps, number>(true)
  same<Awaited<ReturnType<typeof resume>>, RegisteredProcess>(true)
}
