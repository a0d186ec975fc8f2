import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type MeasuredProcess, runMeasured } from './measured-process.ts'

export interface StepResult extends MeasuredProcess {
  /** Without the start of the process; only ours tells. */
  readonly workMs?: number
}

/** A tool with a fresh repository in a folder. A step is one process. */
export interface BackupTool {
  readonly name: string
  readonly repository: string
  /** Saves `file` as snapshot `name`. */
  save(file: string, name: string): StepResult
  /** Restores snapshot `name` as `into`/state. */
  restore(name: string, into: string): StepResult
  /** Reads and checks every byte. */
  verify(): StepResult
}

export type MakeTool = (folder: string) => BackupTool

/** @param script Path of the compiled `byte-steps`. */
export function waymarkTool(script: string): MakeTool {
  return folder => {
    const repository = join(folder, 'store')
    const ids = new Map<string, string>()
    const step = (...args: readonly string[]) => {
      const measured = runMeasured(process.execPath, [script, ...args])
      const { id, workMs } = readAnswer(measured.stdout)
      return { id, ...measured, workMs }
    }
    return {
      name: 'waymark',
      repository,
      save: (file, name) => {
        const result = step('save', repository, file)
        ids.set(name, result.id)
        return result
      },
      restore: (name, into) => step('restore', repository, ids.get(name) ?? name, join(into, 'state')),
      verify: () => step('verify', repository),
    }
  }
}

/** @param compression As `borg create --compression` takes it; lz4 is its default. */
export function borgTool(compression: string): MakeTool {
  return folder => {
    const repository = join(folder, 'repository')
    const env = { ...process.env, BORG_BASE_DIR: join(folder, 'borg'), BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' }
    const borg = (args: readonly string[], cwd = folder) => runMeasured('borg', args, { cwd, env })
    borg(['init', '--encryption=none', repository])
    return {
      name: `borg ${compression}`,
      repository,
      save: (file, name) => borg(['create', '--compression', compression, `${repository}::${name}`, 'state'], join(file, '..')),
      restore: (name, into) => borg(['extract', `${repository}::${name}`], into),
      verify: () => borg(['check', '--verify-data', repository]),
    }
  }
}

/** restic always encrypts; its default compression is zstd. */
export function resticTool(): MakeTool {
  return folder => {
    const repository = join(folder, 'repository')
    const env = {
      ...process.env,
      RESTIC_PASSWORD: 'bench',
      RESTIC_CACHE_DIR: join(folder, 'cache'),
      RESTIC_REPOSITORY: repository,
    }
    const restic = (args: readonly string[], cwd = folder) => runMeasured('restic', [...args, '--quiet'], { cwd, env })
    const snapshots = new Map<string, string>()
    mkdirSync(join(folder, 'cache'))
    restic(['init'])
    return {
      name: 'restic',
      repository,
      save: (file, name) => {
        const result = restic(['backup', 'state', '--json'], join(file, '..'))
        snapshots.set(name, snapshotId(result.stdout))
        return result
      },
      restore: (name, into) => restic(['restore', snapshots.get(name) ?? name, '--target', into]),
      verify: () => restic(['check', '--read-data']),
    }
  }
}

function readAnswer(stdout: string): { readonly id: string; readonly workMs: number } {
  return JSON.parse(stdout)
}

/** From the summary, the last of the lines of JSON. */
function snapshotId(stdout: string): string {
  const summary: { readonly snapshot_id: string } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  return summary.snapshot_id
}
