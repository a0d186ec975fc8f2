import type { ContentDiff } from './diff-report.ts'

/** Whether the results of two passes were not compared, and what is known of their items is the same: nobody can tell whether they differ. */
export function isNotCompared(content: ContentDiff): boolean {
  if (content.form === 'items') return (content.onlyBefore ?? []).length + (content.onlyAfter ?? []).length === 0
  return content.form === 'unread' && content.bytesBefore === undefined
}
