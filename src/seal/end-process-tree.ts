import { type ChildProcess, execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execFileAsync = promisify(execFile)

/** Kills a child and all that it started. Where nobody tells who that is, the child alone. */
export async function endProcessTree(child: ChildProcess): Promise<void> {
  const { pid } = child
  const started = pid === undefined ? [] : await descendantsOf(pid).catch(() => [])
  child.kill('SIGKILL')
  for (const one of started) {
    try {
      process.kill(one, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  // What escaped may hold them open, and would be waited for.
  child.stdout?.destroy()
  child.stderr?.destroy()
}

async function descendantsOf(pid: number): Promise<readonly number[]> {
  const { stdout } = await execFileAsync('ps', ['-A', '-o', 'pid=,ppid='], { timeout: 5_000, maxBuffer: 1 << 24 })
  const childrenOf = new Map<number, number[]>()
  for (const line of stdout.split('\n')) {
    const [child, parent] = line.trim().split(/\s+/).map(Number)
    if (child === undefined || parent === undefined) continue
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), child])
  }
  const found: number[] = []
  const look = (parent: number): void => {
    for (const child of childrenOf.get(parent) ?? []) {
      found.push(child)
      look(child)
    }
  }
  look(pid)
  return found
}
