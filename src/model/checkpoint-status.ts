import type { CheckpointPin, SettableStatus } from './checkpoint-changes.ts'

/** `expired` is derived: its time has come. What is archived or damaged stays that. */
export type CheckpointStatus = SettableStatus | 'expired'

export const checkpointStatuses: readonly CheckpointStatus[] = ['active', 'completed', 'expired', 'archived', 'damaged']

export interface StatusFacts {
  readonly status?: SettableStatus
  readonly expiresAt?: number
  readonly pins?: readonly CheckpointPin[]
}

/** @param now Wall milliseconds. */
export function statusOf(checkpoint: StatusFacts, now: number): CheckpointStatus {
  const status = checkpoint.status ?? 'active'
  if (status !== 'active' && status !== 'completed') return status
  return checkpoint.expiresAt !== undefined && checkpoint.expiresAt <= now ? 'expired' : status
}
