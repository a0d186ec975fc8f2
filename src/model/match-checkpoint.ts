import type { CheckpointCondition, CheckpointField } from './checkpoint-filter.ts'
import { statusOf } from './checkpoint-status.ts'
import { type ComparableValue, compareText, type MetadataValue, metadataValues, orderedText } from './metadata-values.ts'
import type { CheckpointView } from './run-view.ts'

/** What conditions and sorting see of a checkpoint. */
export type ComparedCheckpoint = Pick<
  CheckpointView,
  Exclude<CheckpointField, 'pinned' | 'pins' | 'status' | OptionalField> | 'metadata'
> &
  Partial<Pick<CheckpointView, OptionalField | 'pins' | 'status'>>
type OptionalField = 'run' | 'stage' | 'description' | 'parent' | 'changedAt' | 'expiresAt' | 'rows'

/** Whether every condition holds. @param now Wall milliseconds: what has expired. */
export function matchesCheckpoint(
  checkpoint: ComparedCheckpoint,
  conditions: readonly CheckpointCondition[],
  now: number,
): boolean {
  let own: ReadonlyMap<string, MetadataValue> | undefined
  return conditions.every(condition => {
    if (condition.field !== undefined) return holds(condition, fieldValue(checkpoint, condition.field, now))
    own ??= metadataValues(checkpoint.metadata)
    return holds(condition, own.get(condition.path ?? ''))
  })
}

/** The value of a field; a list for tags and pins, undefined where there is none (an empty list is none). */
export function fieldValue(checkpoint: ComparedCheckpoint, field: CheckpointField, now: number): MetadataValue | undefined {
  switch (field) {
    case 'pinned':
      return (checkpoint.pins ?? []).length > 0
    case 'pins':
      return checkpoint.pins?.map(pin => pin.name)
    case 'tags':
      return checkpoint.tags.length === 0 ? undefined : checkpoint.tags
    case 'status':
      return statusOf(checkpoint, now)
    default:
      return checkpoint[field]
  }
}

function holds({ operator, values }: CheckpointCondition, found: MetadataValue | undefined): boolean {
  const [value = null] = values
  switch (operator) {
    case 'eq':
      return found === value
    case 'ne':
      return found !== value
    case 'in':
      return values.some(one => one === found)
    case 'exists':
      return (found !== undefined) === value
    case 'has':
      return isList(found) && found.includes(value)
    case 'prefix':
      return typeof found === 'string' && orderedText(found).startsWith(orderedText(String(value)))
    default: {
      const order = compare(found, value)
      if (order === undefined) return false
      if (operator === 'lt') return order < 0
      if (operator === 'lte') return order <= 0
      return operator === 'gt' ? order > 0 : order >= 0
    }
  }
}

const isList = (value: MetadataValue | undefined): value is readonly ComparableValue[] => Array.isArray(value)

/** Undefined for values of different kinds, none of which is above the other. */
function compare(one: MetadataValue | undefined, other: ComparableValue): number | undefined {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  return typeof one === 'string' && typeof other === 'string' ? compareText(one, other) : undefined
}
