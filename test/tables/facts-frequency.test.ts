import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frequencyOf } from '../../src/tables/facts-frequency.ts'

const dayUs = 86_400e6

function frequency(times: readonly number[]) {
  return frequencyOf(Float64Array.from(times))
}

function days(from: string, to: string): Date[] {
  const found: Date[] = []
  for (let time = Date.parse(from); time <= Date.parse(to); time += 86_400_000) found.push(new Date(time))
  return found
}

function us(dates: readonly Date[]): number[] {
  return dates.map(date => date.getTime() * 1000)
}

function isWorkday(day: Date): boolean {
  return day.getUTCDay() !== 0 && day.getUTCDay() !== 6
}

function everyNth(step: number, count = 30): number[] {
  return Array.from({ length: count }, (_, at) => 1e15 + at * step)
}

test('A14 even steps have a name', () => {
  const named = {
    daily: dayUs,
    weekly: 7 * dayUs,
    hourly: 3600e6,
    '4 h': 4 * 3600e6,
    '1 min': 60e6,
    '15 min': 900e6,
    '30 s': 30e6,
    '250 ms': 25e4,
    '7 us': 7,
    '2 days': 2 * dayUs,
  }
  for (const [name, step] of Object.entries(named)) assert.deepStrictEqual(frequency(everyNth(step)), { name, missing: 0 })
})

test('A14 workdays with a holiday are business daily, with the holiday as missing step', () => {
  const workdays = days('2024-01-01', '2024-03-29').filter(isWorkday)
  assert.deepStrictEqual(frequency(us(workdays)), { name: 'business daily', missing: 0 })
  assert.deepStrictEqual(frequency(us(workdays.toSpliced(10, 1))), { name: 'business daily', missing: 1 })
})

test('A14 a week without a weekend is daily, and every day with weekends is', () => {
  assert.equal(frequency(us(days('2024-01-01', '2024-01-05')))?.name, 'daily')
  assert.deepStrictEqual(frequency(us(days('2024-01-01', '2024-02-05').toSpliced(12, 1))), { name: 'daily', missing: 1 })
})

test('A14 minutes of trading days are 1 min with the nights missing', () => {
  const minutes = days('2024-01-01', '2024-01-03').flatMap(day =>
    Array.from({ length: 390 }, (_, minute) => day.getTime() * 1000 + (570 + minute) * 60e6),
  )
  assert.deepStrictEqual(frequency(minutes), { name: '1 min', missing: 2 * (1440 - 390) })
})

test('A14 months are monthly by their first, last, first working and last working day, and quarters and years by a day', () => {
  const all = days('2022-01-01', '2024-12-31')
  const isNext = (day: Date) => new Date(day.getTime() + 86_400_000).getUTCDate() === 1
  const ofMonth = (pick: 'first' | 'last') => {
    const found = new Map<string, Date>()
    for (const day of pick === 'first' ? all.toReversed() : all) if (isWorkday(day)) found.set(day.toISOString().slice(0, 7), day)
    return [...found.values()].toSorted((a, b) => a.getTime() - b.getTime())
  }
  const first = all.filter(day => day.getUTCDate() === 1)
  for (const dates of [first, all.filter(isNext), ofMonth('first'), ofMonth('last')])
    assert.deepStrictEqual(frequency(us(dates)), { name: 'monthly', missing: 0 })
  assert.deepStrictEqual(frequency(us(first.toSpliced(5, 1))), { name: 'monthly', missing: 1 })
  assert.equal(frequency(us(first.filter((_, at) => at % 3 === 0)))?.name, 'quarterly')
  assert.equal(frequency(us(first.filter((_, at) => at % 12 === 0)))?.name, 'yearly')
  assert.equal(frequency(us(first.filter((_, at) => at % 2 === 0)))?.name, '2 months')
})

test('A14 what follows no rule is irregular, and two times have no frequency', () => {
  assert.deepStrictEqual(frequency([0, 1e6, 3e6, 4e6, 9e6]), { name: 'irregular' })
  assert.deepStrictEqual(frequency([...everyNth(60e6), 1e15 + 31.5 * 60e6]), { name: 'irregular' })
  assert.equal(frequency([0, 60e6, 60e6, 0]), undefined)
})

test('A14 times in any order, several of each, are what the different ones are', () => {
  const times = everyNth(dayUs, 20)
  assert.deepStrictEqual(frequency([...times, ...times.toReversed(), ...times]), { name: 'daily', missing: 0 })
})
