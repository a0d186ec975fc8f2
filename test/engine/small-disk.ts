import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A file system of its own in memory, small enough to be filled; taken away when the test ends. */
export class SmallDisk {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Undefined where this user may not mount anything; the test is then marked as skipped. */
  static mount(t: TestContext, size: string): SmallDisk | undefined {
    const path = mkdtempSync(join(tmpdir(), 'waymark-small-disk-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', path], { encoding: 'utf8' })
    if (mounted.status !== 0) {
      rmdirSync(path)
      t.skip(`NOT TESTED: a small tmpfs cannot be mounted (needs root): ${mounted.stderr || mounted.error?.message}`)
      return undefined
    }
    const disk = new SmallDisk(path)
    const unmount = () => disk.#unmount()
    process.once('exit', unmount)
    t.after(() => {
      process.off('exit', unmount)
      disk.#unmount()
      rmdirSync(path)
    })
    return disk
  }

  /** Leaves about so many bytes free. */
  fill(freeBytes: number): void {
    const bytes = this.freeBytes - freeBytes
    if (bytes > 0) writeFileSync(this.#ballast, Buffer.alloc(bytes))
  }

  /** Undoes {@link fill}. */
  free(): void {
    rmSync(this.#ballast, { force: true })
  }

  enlarge(size: string): void {
    const { status, stderr } = spawnSync('mount', ['-o', `remount,size=${size}`, this.path], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`the disk cannot be enlarged: ${stderr}`)
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  get #ballast(): string {
    return join(this.path, 'ballast')
  }

  #unmount(): void {
    if (spawnSync('umount', [this.path]).status !== 0) spawnSync('umount', ['--lazy', this.path])
  }
}
