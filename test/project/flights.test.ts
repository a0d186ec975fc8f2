import assert from 'node:assert/strict'
import { test } from 'node:test'
import flights from '../../examples/flights/pipeline.ts'
import { withStore } from '../engine/with-store.ts'

test('A1 the example of flights joins a month and keeps it as a table that SQL can ask', () =>
  withStore(async store => {
    const params = { month: '2001-02', limit: 5_000 }
    const done = await flights.run(params, { store })
    assert.ok(done.state === 'completed')
    const delays = done.value
    assert.equal(
      delays.reduce((sum, state) => sum + state.flights, 0),
      params.limit,
    )
    const asked = await store.query(`select coalesce(origin_state, 'unknown') as state, count(*)::integer as flights,
      sum(delay)::integer as minutes from checkpoint('flights@last/month[2001-02]') group by 1`)
    const byState = (rows: readonly object[]): object[] =>
      rows.toSorted((a, b) => (String(Reflect.get(a, 'state')) < String(Reflect.get(b, 'state')) ? -1 : 1))
    assert.deepEqual(
      byState(asked.objects()),
      byState(delays.map(({ state, flights: count, delayMinutes }) => ({ state, flights: count, minutes: delayMinutes }))),
    )
    assert.ok(delays.length > 30)
  }))
