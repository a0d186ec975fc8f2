import './model/node-version.ts'

export { defineConfig, type WaymarkConfig } from './config.ts'
export type { ByteSource } from './engine/byte-pieces.ts'
export type { PinOptions, UpdateOptions } from './engine/change-checkpoint.ts'
export type { CheckpointDetails, CheckpointInfo } from './engine/checkpoint-info.ts'
export { type ErrorPlace, placeOf } from './engine/error-place.ts'
export type { ExportFormat, ExportOptions } from './engine/export-checkpoint.ts'
export type { ImportFormat, ImportOptions } from './engine/import-checkpoint.ts'
export type { ListOptions } from './engine/list-checkpoints.ts'
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
export type { RepairAction, RepairCost, RepairOptions, RepairReport, UndoReport } from './engine/repair-report.ts'
export type {
  EachOptions,
  EachResult,
  EachResults,
  ItemContext,
  ItemValue,
  KeyOf,
  Logger,
  RetryPolicy,
  Run,
  Skipped,
  StageContext,
  StageOptions,
  StageResult,
} from './engine/run.ts'
export type { SaveLabels, SaveOptions } from './engine/save-checkpoint.ts'
export type {
  Checkpoint,
  LoadedCheckpoint,
  LogEvent,
  RunSummary,
  Store,
  StoreStats,
} from './engine/store.ts'
export type { SaveMode } from './engine/value-snapshot.ts'
export type { DamagedCheckpoint, VerifyOptions, VerifyProblem, VerifyProgress, VerifyReport } from './engine/verify-report.ts'
export { type Codec, codec } from './format/codec.ts'
export type { CodecName, Compression } from './format/compression.ts'
export type { CheckpointPin, SettableStatus } from './model/checkpoint-changes.ts'
export type { CheckpointWhere } from './model/checkpoint-filter.ts'
export type { SortOption } from './model/checkpoint-sort.ts'
export type { CheckpointStatus } from './model/checkpoint-status.ts'
export { type ErrorCode, type ErrorJson, exitCodeOf, isWaymarkError, WaymarkError } from './model/errors.ts'
export type { Plan, PlannedStage } from './model/plan.ts'
export type { ItemCounts, RunRecord, StoredError } from './model/records.ts'
export type { RunEvent } from './model/run-events.ts'
export type { RunState, RunView, StageView } from './model/run-view.ts'
export type { SavePolicy } from './model/save-policy.ts'
export type { Schema, SchemaOutput } from './model/schema.ts'
export { type OpenOptions, open } from './open.ts'
export { type CsvFile, csv, type ItemFile, type JsonlFile, jsonl } from './outputs/item-file.ts'
