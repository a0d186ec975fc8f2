import '../model/node-version.ts'

export { catalogSuite } from './catalog-suite.ts'
export { type CrashModel, type CrashOptions, crashModels, crashPoints, crashState } from './crash-states.ts'
export { FakeClock } from './fake-clock.ts'
export {
  type CountedOperation,
  type CountingFiles,
  countingFiles,
  delaying,
  type Fault,
  type FaultCode,
  type FaultOptions,
  type FaultyFiles,
  faultyFiles,
  ignoring,
} from './faulty-files.ts'
export { type FileSystemUnderTest, fileSystemSuite } from './file-system-suite.ts'
export type { FileOperation, OperationKind } from './intercepted-files.ts'
export { BrokenPromise, type LogPromise, logPromises } from './log-promises.ts'
export { type LogSimulationOptions, type LogSimulationReport, simulateLog } from './log-simulation.ts'
export { type RerunOptions, type RerunReport, rerunFromEveryCheckpoint } from './rerun-attempts.ts'
export { type RunUntil, Schedule, type ScheduledStep, type ScheduleOptions } from './schedule.ts'
export { type SeededRandom, seededRandom } from './seeded-random.ts'
export { type DiskOperation, SimulatedDisk } from './simulated-disk.ts'
