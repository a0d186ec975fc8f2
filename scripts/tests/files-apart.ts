/**
 * More than ten seconds of CPU each, what they start included, the longest first: they are begun before all others, so that none of
 * them keeps one core busy when nothing is left for the other.
 */
export const longFiles: readonly string[] = [
  'test/engine/faults.test.ts',
  'test/log/removals.test.ts',
  'test/engine/power-cut-chunks.test.ts',
  'test/engine/damage-store.test.ts',
  'test/catalog/damage.test.ts',
  'test/engine/table-streams.test.ts',
  'test/cli/bad-input.test.ts',
  'test/cli/keys.test.ts',
  'test/cli/run-and-resume.test.ts',
  'test/cli/export-import.test.ts',
  'test/format/damage.test.ts',
  'test/format/splice-value.test.ts',
  'test/engine/repair-power-cut.test.ts',
  'test/engine/power-cut.test.ts',
  'test/project/torture.test.ts',
  'test/log/damage.test.ts',
  'test/log/paused-reader.test.ts',
  'test/engine/verify.test.ts',
  'test/cli/verify.test.ts',
  'test/catalog/crash.test.ts',
  'test/engine/contents.test.ts',
  'test/outputs/sql-sqlite-query.test.ts',
]

/** Why a file may not share its process. A file that is in no list shares it. */
const reasons: Readonly<Record<string, readonly string[]>> = {
  'It changes what belongs to the whole process: its environment, folder, umask or built-in objects.': [
    'test/engine/key-of-plain-store.test.ts',
    'test/files/node-files.test.ts',
    'test/format/round-trip.test.ts',
    'test/outputs/output-place.test.ts',
    'test/project/portfolio.test.ts',
    'test/seal/forged-files.test.ts',
    'test/seal/key-services.test.ts',
    'test/seal/master-keys.test.ts',
    'test/seal/sealed-simulations.test.ts',
    'test/seal/vault-transit.test.ts',
    'test/tables/table-limits.test.ts',
  ],
  'It listens to the warnings or the unhandled rejections of the process.': [
    'test/engine/calls-inside.test.ts',
    'test/engine/events-index.test.ts',
    'test/engine/track-faults.test.ts',
    'test/engine/track.test.ts',
  ],
  'It measures the memory or the CPU of the process.': [
    'test/chunks/stream-fuzz.test.ts',
    'test/engine/bounded-memory.test.ts',
    'test/engine/record-streams-memory.test.ts',
    'test/format/manifest.test.ts',
    'test/format/row-codec.test.ts',
    'test/model/key-set.test.ts',
  ],
  'It works in a second thread (test/thread-test.ts), which loads the file that the process was started with.': [
    'test/engine/damage-store.test.ts',
    'test/engine/faults-chunks.test.ts',
    'test/engine/faults.test.ts',
    'test/engine/init-keys-power-cut.test.ts',
    'test/engine/power-cut.test.ts',
    'test/engine/rekey-power-cut.test.ts',
    'test/engine/repair-power-cut.test.ts',
    'test/log/damage.test.ts',
    'test/log/log-simulation.test.ts',
    'test/seal/damaged-sealed-store.test.ts',
    'test/seal/repaired-sealed-store.test.ts',
  ],
  'It awaits something before it declares its tests.': [
    'test/engine/damaged-progress.test.ts',
    'test/engine/turns-while-skipping.test.ts',
    'test/format/pack-scan.test.ts',
    'test/format/pack-verify.test.ts',
    'test/log/segment-reader.test.ts',
    'test/outputs/postgres-kill.test.ts',
    'test/outputs/postgres-query.test.ts',
    'test/outputs/postgres-table.test.ts',
  ],
}

/** Test files with a process of their own. */
export const filesApart: ReadonlySet<string> = new Set([...longFiles, ...Object.values(reasons).flat()])
