import type { RecordedStage } from '../model/recorded-stage.ts'
import type { StageProgress } from '../model/records.ts'

/**
 * Progress that an output committed and the log never heard of, as it may be recorded now. Since it was committed, items of the stage may have
 * been requeued: these are not finished any more, whatever that progress says of all that was. Of what a requeue changes only the
 * difference that the progress made counts.
 *
 * @param recovered Oldest first.
 */
export function recoveredAfter(
  recorded: Pick<RecordedStage, 'counts'> | undefined,
  recovered: readonly StageProgress[],
): readonly StageProgress[] {
  let setAside = recorded?.counts?.setAside ?? 0
  return recovered.map(({ completed: _allByThen, ...progress }) => {
    setAside += progress.setAside?.length ?? 0
    return { ...progress, counts: { ...progress.counts, setAside } }
  })
}
