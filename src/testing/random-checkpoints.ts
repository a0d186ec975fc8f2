import type { CheckpointWhere } from '../model/checkpoint-filter.ts'
import type { ComparableValue } from '../model/metadata-values.ts'
import type { CheckpointView } from '../model/run-view.ts'
import type { SeededRandom } from './seeded-random.ts'

/** When the lists are asked for, in wall milliseconds. */
export const now = 5000
/** Texts that databases like to confuse. */
const texts = [
  '',
  'a',
  'ab',
  'a\0',
  'a\0b',
  '\u0001',
  '\ud800',
  '\ufffd',
  '10',
  'true',
  'é',
  '\u{1f600}',
  `${'x'.repeat(130)}1`,
  `${'x'.repeat(130)}2`,
]
const scalars: readonly ComparableValue[] = [...texts, 0, -1, 1, 1.5, 10, Number.POSITIVE_INFINITY, true, false, null]

/** A checkpoint whose fields and metadata are hard to tell from those of another. */
export function randomView(random: SeededRandom, index: number): CheckpointView {
  const some = (share: number): boolean => random.bool(share)
  const scalar = (): unknown => random.pick([...scalars, new Date(10), 10n, ['a', 1], { b: random.pick(scalars) }])
  return {
    id: `c${String((index * 7919) % 1000).padStart(3, '0')}`,
    order: 1_700_000_000_000_000 + Math.floor(index / 2),
    createdAt: 1000 + random.integer(5),
    type: random.pick(['stage', 'model', texts[2] ?? '']),
    tags: some(0.5) ? [random.pick(['x', 'y']), 'z'] : [],
    metadata: {
      ...(some(0.8) ? { lr: scalar() } : {}),
      ...(some(0.8) ? { 'a.b': random.integer(3) } : {}),
      ...(some(0.5) ? { o: { p: scalar() } } : {}),
    },
    digest: 'sha256:00',
    encoding: 'cbor',
    logicalBytes: random.integer(4),
    storedBytes: random.integer(4),
    content: { kind: 'inline' },
    record: { segment: 's1', offset: index, length: 40 },
    ...(some(0.7) ? { run: random.pick(['r1', 'r2']) } : {}),
    ...(some(0.7) ? { stage: random.pick(['load[1]', 'load[2]', 'save']) } : {}),
    ...(some(0.5) ? { expiresAt: random.pick([4999, 5000, 5001]) } : {}),
    ...(some(0.5) ? { status: random.pick(['completed', 'archived', 'damaged'] as const) } : {}),
    ...(some(0.3) ? { pins: [{ name: 'p', at: 1 }] } : {}),
    ...(some(0.3) ? { description: random.pick(texts) } : {}),
  }
}

/** One or two conditions, which some of the {@link randomView random views} meet. */
export function randomWhere(random: SeededRandom): CheckpointWhere {
  const condition = (): unknown =>
    random.pick<() => unknown>([
      () => random.pick(scalars),
      () => ({ [random.pick(['lt', 'lte', 'gt', 'gte'])]: random.pick([...texts, 0, 1, 10]) }),
      () => ({ gte: 0, lt: 10 }),
      () => ({ ne: random.pick(scalars) }),
      () => ({ in: [random.pick(scalars), random.pick(scalars), random.pick(scalars)] }),
      () => ({ prefix: random.pick(texts) }),
      () => ({ has: random.pick(['a', 1]) }),
      () => ({ exists: random.bool(0.5) }),
    ])()
  return Object.fromEntries(
    Array.from({ length: 1 + random.integer(2) }, () =>
      random.pick<() => readonly [string, unknown]>([
        () => ['metadata.lr', condition()],
        () => ['metadata.a.b', condition()],
        () => ['metadata.o.p', condition()],
        () => [
          'status',
          random.pick(['active', 'completed', 'expired', 'archived', { ne: 'expired' }, { in: ['active', 'damaged'] }]),
        ],
        () => ['tags', random.pick(['x', { has: ['x', 'z'] }, { exists: false }])],
        () => ['pinned', random.bool(0.5)],
        () => ['pins', { has: 'p' }],
        () => ['run', random.pick(['r1', { ne: 'r1' }, { exists: false }, { prefix: 'r' }])],
        () => ['stage', random.pick(['save', { prefix: 'load[' }, { in: ['save', 'load[1]'] }])],
        () => ['type', random.pick(['stage', 'model', { ne: 'stage' }, { gt: 'ab' }])],
        () => ['createdAt', random.pick([1001, { gt: 1001 }, { lte: 1003, gte: 1001 }, { in: [1000, 1004] }, { ne: 1000 }])],
        () => ['expiresAt', random.pick([{ lt: 5001 }, { exists: true }, { exists: false }])],
        () => ['logicalBytes', random.pick([2, { gte: 2 }])],
        () => ['id', random.pick([{ prefix: 'c1' }, 'c000', { gte: 'c5' }])],
        () => ['description', random.pick([{ exists: true }, 'a', { prefix: 'x' }])],
      ])(),
    ),
  ) as CheckpointWhere
}
