import './model/node-version.ts'

export { type CompressionName, defineConfig, type WaymarkConfig } from './config.ts'
export type { EqualPart } from './diff/compare-values.ts'
export type { ColumnDifference, RowsComparison } from './diff/diff-rows.ts'
export type { Difference } from './diff/difference.ts'
export type { DifferenceCounts, SizeDifference } from './diff/found-differences.ts'
export type { MergeConflict, MergeOptions, MergeResult, MergeStrategy } from './diff/merge-sides.ts'
export { mergeValues } from './diff/merge-values.ts'
export type { ByteSource } from './engine/byte-pieces.ts'
export type { PinOptions, UpdateOptions } from './engine/change-checkpoint.ts'
export type { RotateOptions } from './engine/change-keys.ts'
export type { KeysCheck } from './engine/check-keys.ts'
export type { Retention } from './engine/check-retention.ts'
export type { CheckpointDetails, CheckpointInfo } from './engine/checkpoint-info.ts'
export type { CleanUpOptions, CleanUpReport, KeptCheckpoints, RemovedCheckpoint } from './engine/clean-up.ts'
export type { KeyEntry, KeyHistory, KeyHistoryOptions } from './engine/diff-key-history.ts'
export type { StoreDiffOptions } from './engine/diff-options.ts'
export type {
  CheckpointDiff,
  ContentDiff,
  DiffReport,
  DiffSide,
  FactDifference,
  RunDiff,
  StageDiff,
} from './engine/diff-report.ts'
export type { TableDiff } from './engine/diff-tables.ts'
export type { FailedAttempt, PartialStage } from './engine/error-checkpoint.ts'
export { type ErrorPlace, placeOf } from './engine/error-place.ts'
export type { EventSchemas } from './engine/event-recorder.ts'
export type { EventSummary } from './engine/event-summary.ts'
export type { EventArguments, EventOptions, EventVerbs, QualityMeasures } from './engine/event-verbs.ts'
export type { ExportFormat, ExportOptions } from './engine/export-checkpoint.ts'
export type { ExportedKeys } from './engine/export-keys.ts'
export type { ExportedRecords, ExportRecordsOptions } from './engine/export-record-stream.ts'
export type { Lineage } from './engine/fork-lineage.ts'
export type { ForkedRun, ForkOptions } from './engine/fork-run.ts'
export type { ImportFormat, ImportOptions } from './engine/import-checkpoint.ts'
export type { DataKeyInfo, KeysReport, MasterKeyInfo, NewKeyOptions } from './engine/keys-report.ts'
export type { ListOptions } from './engine/list-checkpoints.ts'
export type { LiveReport } from './engine/live-progress.ts'
export type { Checkpoint, LoadedCheckpoint } from './engine/load-checkpoint.ts'
export type { LogEvent } from './engine/log-events.ts'
export type { MergeReport, StoreMergeOptions } from './engine/merge-checkpoints.ts'
export type { PatchOptions } from './engine/patch-checkpoint.ts'
export {
  isPipeline,
  type Pipeline,
  type PipelineOptions,
  pipeline,
  type RawParams,
  type RunOptions,
  type RunOutcome,
  type SchemaInput,
} from './engine/pipeline.ts'
export type { EachEventOptions, EventPage, EventQuery } from './engine/query-events.ts'
export type { StreamFilter, StreamPage, StreamQuery } from './engine/query-record-streams.ts'
export type { QueryColumn, QueryResult } from './engine/query-result.ts'
export type { QueryOptions } from './engine/query-tables.ts'
export type { ArtifactSource } from './engine/record-stream-artifact.ts'
export type { RecordStreamQueries } from './engine/record-stream-queries.ts'
export type { RecordSchemas } from './engine/record-stream-recorder.ts'
export type { RecordArguments, RecordOptions, RecordStreamVerbs } from './engine/record-stream-verbs.ts'
export type { RecoveryCheck, RecoveryReport } from './engine/recovery-check.ts'
export type {
  CompleteOptions,
  ProcessUpdate,
  RecoveredProcess,
  RegisteredProcess,
  RegisterOptions,
  ResumeOptions,
} from './engine/registered-process.ts'
export type { LeftFile, RekeyOptions, RekeyReport } from './engine/rekey-report.ts'
export type { RepairAction, RepairCost, RepairOptions, RepairReport, UndoReport } from './engine/repair-report.ts'
export type { Requeued, RequeueOptions } from './engine/requeue-items.ts'
export type { ResetReport } from './engine/reset-run.ts'
export type {
  BatchContext,
  BatchValue,
  EachOptions,
  EachResult,
  EachResults,
  InputFingerprint,
  ItemContext,
  ItemValue,
  KeyOf,
  KnownItems,
  Logger,
  RetryPolicy,
  Run,
  Skipped,
  StageContext,
  StageOptions,
  StageResult,
  TableRow,
} from './engine/run.ts'
export type { EventLogger } from './engine/run-log.ts'
export type { AttemptReport, LogProof, ReusedWork, RunReport, StageReport } from './engine/run-report.ts'
export type { RunSummary } from './engine/run-summary.ts'
export type { SaveLabels, SaveOptions } from './engine/save-checkpoint.ts'
export type { SetAside, SetAsideEntry, SetAsideOptions } from './engine/set-aside-items.ts'
export type { PauseOptions, StopOptions, StopReport } from './engine/stop-run.ts'
export type { Store } from './engine/store.ts'
export type { ListenOptions, StoreListener } from './engine/store-listeners.ts'
export type { StoreStats } from './engine/store-stats.ts'
export type { TrackerEnd, TrackOptions } from './engine/track-options.ts'
export type { Tracker } from './engine/tracker.ts'
export type { TrackerProgress } from './engine/tracker-progress.ts'
export type { SaveMode } from './engine/value-snapshot.ts'
export type { DamagedCheckpoint, VerifyOptions, VerifyProblem, VerifyProgress, VerifyReport } from './engine/verify-report.ts'
export { type Codec, codec } from './format/codec.ts'
export type { CodecName, Compression } from './format/compression.ts'
export type { CheckpointTable } from './model/checkpoint.ts'
export type { CheckpointPin, SettableStatus } from './model/checkpoint-changes.ts'
export type { CheckpointWhere } from './model/checkpoint-filter.ts'
export type { SortOption } from './model/checkpoint-sort.ts'
export type { CheckpointStatus } from './model/checkpoint-status.ts'
export type { CodeChange } from './model/code-change.ts'
export type { Durability } from './model/durability.ts'
export type { ErrorGroup } from './model/error-groups.ts'
export { type ErrorCode, type ErrorJson, exitCodeOf, isWaymarkError, WaymarkError } from './model/errors.ts'
export type { ForkOrigin } from './model/fork-origin.ts'
export type { LogLevel, LogOptions } from './model/log-options.ts'
export type { EventFilter, EventMetadata, EventStatus, PipelineEvent } from './model/pipeline-event.ts'
export type { Plan, PlannedItems, PlannedStage } from './model/plan.ts'
export type { EntryArtifact, StreamEntry, StreamSummary } from './model/record-stream.ts'
export type { ItemCounts, RunRecord, StoredError } from './model/records.ts'
export type { AttemptProof, CheckOutcome, ProofCounts, RedoneStage } from './model/recovery-proof.ts'
export type { Recovery, RecoveryType } from './model/recovery-type.ts'
export type { RunEvent } from './model/run-events.ts'
export type { RunState, RunView, StageView } from './model/run-view.ts'
export type { SavePolicy } from './model/save-policy.ts'
export type { Schema, SchemaOutput } from './model/schema.ts'
export type { StopKind, StopRequest } from './model/stop-request.ts'
export type { Priority, StoreEvent, StoreEventName, StoreEvents } from './model/store-events.ts'
export type { ColumnFacts, TableFacts, TimeFacts } from './model/table-facts.ts'
export type { Operation, OperationTime, StageTimings } from './model/timings.ts'
export type { Tolerance } from './model/tolerance.ts'
export type { UnreachedStage } from './model/unreached-stage.ts'
export type { ValueStep } from './model/value-step.ts'
export * from './model/waymark-events.ts'
export type * from './model/waymark-records.ts'
export { type OpenOptions, open } from './open.ts'
export { type CallbackContext, type CallbackOptions, type CallbackRow, callback } from './outputs/callback-target.ts'
export { type FolderOutputOptions, folder } from './outputs/folder-target.ts'
export { type CsvFile, csv, type ItemFile, type JsonlFile, jsonl } from './outputs/item-file.ts'
export type { ItemSource } from './outputs/item-source.ts'
export type { ItemTarget } from './outputs/item-target.ts'
export type { ParquetType } from './outputs/parquet-columns.ts'
export { type ParquetFile, type ParquetOptions, parquet } from './outputs/parquet-file.ts'
export type { ParquetCompression } from './outputs/parquet-part.ts'
export type { PostgresClient, PostgresConnection, PostgresPool, PostgresResult } from './outputs/postgres-connection.ts'
export { postgresQuery } from './outputs/postgres-query.ts'
export { type PostgresTableOptions, postgresTable } from './outputs/postgres-table.ts'
export type { SqlTableOptions } from './outputs/sql-options.ts'
export type { SqlQueryOptions } from './outputs/sql-query.ts'
export { sqliteQuery } from './outputs/sqlite-query.ts'
export { type SqliteTableOptions, sqliteTable } from './outputs/sqlite-table.ts'
export { type AwsKmsOptions, awsKms } from './seal/aws-kms.ts'
export type { AwsCredentials, KmsClient } from './seal/aws-kms-client.ts'
export { keyCommand } from './seal/key-command.ts'
export { keyFile } from './seal/key-file.ts'
export type { KeyServiceOptions } from './seal/key-service.ts'
export { keyVariable } from './seal/key-variable.ts'
export { makeKeyFile } from './seal/make-key-file.ts'
export type { MasterKey, MasterSettings } from './seal/master-key.ts'
export { type AskPassphrase, type PassphraseCost, passphrase } from './seal/passphrase.ts'
export { type VaultTransitOptions, vaultTransit } from './seal/vault-transit.ts'
export { arrowTableFrom } from './tables/arrow-table-from.ts'
export { type ArrowTableLike, type TableOptions, type TableSource, table } from './tables/table.ts'
export type { TableSchema } from './tables/table-schema.ts'
export { type RowSource, TableStream } from './tables/table-stream.ts'
