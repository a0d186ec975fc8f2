/** Types of events that follow from what a run does; nobody else may record them. */
export const systemEventTypes = [
  'pipeline_start',
  'pipeline_resume',
  'pipeline_takeover',
  'pipeline_fork',
  'pipeline_complete',
  'pipeline_error',
  'pipeline_pause',
  'pipeline_cancel',
  'stage_start',
  'stage_complete',
  'stage_error',
  'stage_reset',
  'items_requeued',
  'item_set_aside',
  'checkpoint_saved',
  'checkpoint_changed',
  'checkpoint_deleted',
] as const

export type SystemEventType = (typeof systemEventTypes)[number]

/** What `run.metric` and `run.quality` record. */
export const metricType = 'performance_metric'
export const qualityType = 'data_quality_check'

/** What `run.record` records is an event whose type is this and the name of the stream. */
const recordTypePrefix = 'record:'

/** An entry is an event of a type of its own for each stream: the index of events finds those of one stream. */
export const recordTypeOf = (stream: string): string => `${recordTypePrefix}${stream}`

/** The stream of such an event; undefined for any other. */
export const streamOfType = (type: string): string | undefined =>
  type.startsWith(recordTypePrefix) ? type.slice(recordTypePrefix.length) : undefined

/** Under this key the event of an entry says where its artifact is. */
export const artifactKey = 'artifact'

/** A stage or an item is called again in the same attempt: the entries that its call before recorded count no more. */
export const recordsSupersededType = 'records_superseded'

/** With those that end the lines of `waymark events --json`. */
const reserved: ReadonlySet<string> = new Set([...systemEventTypes, recordsSupersededType, 'summary', 'exit'])

export const isReservedEventType = (type: string): boolean => reserved.has(type) || type.startsWith(recordTypePrefix)
