import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import { metricType, qualityType } from '../model/event-types.ts'
import type { EventMetadata, EventStatus } from '../model/pipeline-event.ts'
import type { ScopePath } from '../model/scope.ts'
import type { WaymarkEvents } from '../model/waymark-events.ts'
import type { EventRecorder } from './event-recorder.ts'

export interface EventOptions {
  /** Default `info`. */
  readonly status?: EventStatus
}

/** What an event of a type is recorded with: as {@link WaymarkEvents} says, or any plain object. */
export type EventArguments<Type extends string> = Type extends keyof WaymarkEvents
  ? readonly [metadata: WaymarkEvents[Type], options?: EventOptions]
  : readonly [metadata?: EventMetadata, options?: EventOptions]

/** Measures of the quality of data: `missingRate` and `outliers`, and whatever else you measure. */
export interface QualityMeasures extends EventMetadata {
  /** Share of values that are missing, from 0 to 1. */
  readonly missingRate?: number
  /** How many values are outliers. */
  readonly outliers?: number
}

/** How the work tells what happens in it. Run, attempt, stage, item and time are filled in. */
export interface EventVerbs {
  /**
   * Records an event. When the promise resolves it is as safe as the other records of the run (`durability`); a process that is killed later takes nothing from it. Await it, or many at once: those of one tick
   * are committed together. An attempt that repeats the work records its events again.
   *
   * @param type A name of your own, 1 to 100 characters; not one of those that the system derives (`stage_start`, `checkpoint_saved` …).
   * @param metadata A plain object of what JSON can say, at most 32 KiB of it. Default: empty.
   * @throws WaymarkError `invalid` with the path of what cannot be recorded, or the option that there is not; `disk_full`, `unavailable`, `fenced`
   *
   * @example
   * await run.event('model_trained', { accuracy: 0.93, epochs: 12 }, { status: 'success' })
   */
  event<Type extends string>(type: Type, ...rest: EventArguments<Type>): Promise<void>
  /**
   * Records a measured value: an event of type `performance_metric`.
   *
   * @example
   * await run.metric('rows_per_second', 51_200, 'rows/s')
   */
  metric(name: string, value: number, unit?: string): Promise<void>
  /**
   * Records how good data is: an event of type `data_quality_check`.
   *
   * @example
   * await run.quality({ missingRate: 0.02, outliers: 17 }, { status: 'warning' })
   */
  quality(measures: QualityMeasures, options?: EventOptions): Promise<void>
}

/** What the status is, is checked with the type. */
const rules: OptionRules<EventOptions> = { status: optionRules.any }

/** The verbs of what stands at a place of the run. */
export function eventVerbs(recorder: EventRecorder, stage: ScopePath, item?: string): EventVerbs {
  const record = (call: string, type: string, metadata: unknown, options: EventOptions | undefined): Promise<void> => {
    try {
      if (options !== undefined) checkOptions(call, options, rules, 'The event was not recorded; nothing else changed.')
    } catch (error) {
      return recorder.told(Promise.reject(error))
    }
    return recorder.record(stage, item, type, metadata, options)
  }
  return {
    event: (type, ...[metadata, options]) => record('event', type, metadata, options),
    metric: (name, value, unit, ...more: readonly unknown[]) => recordMetric(recorder, stage, item, name, value, unit, more),
    quality: (measures, options) => record('quality', qualityType, measures, options),
  }
}

function recordMetric(
  recorder: EventRecorder,
  stage: ScopePath,
  item: string | undefined,
  name: string,
  value: number,
  unit: string | undefined,
  more: readonly unknown[],
): Promise<void> {
  const refuse = (why: string): Promise<void> => recorder.told(Promise.reject(noMetric(why)))
  if (typeof name !== 'string' || name === '') return refuse('has no name')
  if (typeof value !== 'number' || !Number.isFinite(value)) return refuse(`${name} is ${describe(value)}, not a finite number`)
  if (unit !== undefined && typeof unit !== 'string') return refuse(`${name} has ${describe(unit)} as its unit, which is a text`)
  if (more.some(one => one !== undefined)) return refuse(`${name} takes no options behind its unit`)
  return recorder.record(stage, item, metricType, { name, value, unit })
}

const noMetric = (why: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `the metric ${why}`,
    means: 'The event was not recorded; nothing else changed.',
    remedy:
      "run.metric('rows_per_second', 51_200, 'rows/s'); for a status run.event('my_metric', { value: 51_200 }, { status: 'warning' })",
  })
