import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { fileErrorCode } from '../../src/files/file-system.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { fileSystemSuite } from '../../src/testing/file-system-suite.ts'

fileSystemSuite('node', async () => {
  const root = await mkdtemp(join(tmpdir(), 'waymark-files-'))
  return { fs: nodeFiles, root, dispose: () => rm(root, { recursive: true }) }
})

async function temporaryFolder(context: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'waymark-files-'))
  context.after(() => rm(root, { recursive: true }))
  return root
}

test('files and folders are readable by their owner alone', { skip: process.platform === 'win32' }, async context => {
  const root = await temporaryFolder(context)
  await nodeFiles.makeDirectory(`${root}/outer/inner`)
  const file = await nodeFiles.open(`${root}/outer/inner/file`, 'create')
  await file.close()
  assert.equal(statSync(`${root}/outer`).mode & 0o777, 0o700)
  assert.equal(statSync(`${root}/outer/inner`).mode & 0o777, 0o700)
  assert.equal(statSync(`${root}/outer/inner/file`).mode & 0o777, 0o600)
})

test('files and folders made with permissions have them less the umask', {
  skip: process.platform === 'win32',
}, async context => {
  const root = await temporaryFolder(context)
  const before = process.umask(0o027)
  try {
    await nodeFiles.makeDirectory(`${root}/outer/inner`, 0o777)
    const file = await nodeFiles.open(`${root}/outer/inner/file`, 'create', 0o666)
    await file.close()
  } finally {
    process.umask(before)
  }
  assert.equal(statSync(`${root}/outer`).mode & 0o777, 0o750)
  assert.equal(statSync(`${root}/outer/inner`).mode & 0o777, 0o750)
  assert.equal(statSync(`${root}/outer/inner/file`).mode & 0o777, 0o640)
})

test('realPath follows links, also one to a file that is yet to be made, and refuses a circle', {
  skip: process.platform === 'win32',
}, async context => {
  const root = await realpath(await temporaryFolder(context))
  await mkdir(`${root}/real`)
  await symlink('real', `${root}/folder`)
  await symlink('folder/file', `${root}/to-file`)
  await symlink(`${root}/to-file`, `${root}/twice`)
  assert.equal(await nodeFiles.realPath(`${root}/twice`), `${root}/real/file`)
  await writeFile(`${root}/real/file`, '')
  assert.equal(await nodeFiles.realPath(`${root}/twice`), `${root}/real/file`)
  assert.equal(await nodeFiles.realPath(`${root}/folder/other`), `${root}/real/other`)
  await symlink('b', `${root}/a`)
  await symlink('a', `${root}/b`)
  await assert.rejects(nodeFiles.realPath(`${root}/a`), error => fileErrorCode(error) === 'ELOOP')
})

test('exists does not answer "no" when it could not look', { skip: process.platform === 'win32' }, async context => {
  const root = await temporaryFolder(context)
  const tooLong = `${root}/${'x'.repeat(300)}`
  await assert.rejects(nodeFiles.exists(tooLong), error => fileErrorCode(error) === 'ENAMETOOLONG')
  await assert.rejects(nodeFiles.stat(tooLong), error => fileErrorCode(error) === 'ENAMETOOLONG')
})

test('a full disk is ENOSPC, for small and for large writes', { skip: process.platform !== 'linux' }, async () => {
  const full = await nodeFiles.open('/dev/full', 'write')
  try {
    for (const size of [10, 1_000_000]) {
      await assert.rejects(full.write(new Uint8Array(size), 0), error => fileErrorCode(error) === 'ENOSPC')
    }
  } finally {
    await full.close()
  }
})

test('a write that the system cuts short is never taken for whole', { skip: process.platform === 'win32' }, async context => {
  const root = await temporaryFolder(context)
  // The limit on the size of a file makes write(2) store less than asked for, and fail only when asked again.
  const module = new URL('../../src/files/node-files.ts', import.meta.url).href
  const script = `
    import { nodeFiles } from ${JSON.stringify(module)}
    const file = await nodeFiles.open(process.argv[1], 'create')
    const outcome = await file.write(new Uint8Array(Number(process.argv[2])), 0).then(() => 'written', error => error.code)
    console.log(outcome, (await file.stat()).size > 0)`
  for (const size of [50_000, 3_000_000]) {
    const shell = 'ulimit -f 16; exec "$0" "$@"'
    const args = ['--input-type=module', '--eval', script, `${root}/${size}`, `${size}`]
    const { stdout } = await promisify(execFile)('sh', ['-c', shell, process.execPath, ...args])
    assert.equal(stdout, 'EFBIG true\n')
  }
})

test('a sync does not hold up the event loop', async context => {
  const root = await temporaryFolder(context)
  const file = await nodeFiles.open(`${root}/a`, 'create')
  await file.write(new Uint8Array(1000), 0)
  let answered = false
  const syncing = file.sync().then(() => {
    answered = true
  })
  // Were it done in place, the answer would be there once the promises have run.
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
  assert.equal(answered, false)
  await syncing
  await file.close()
})

test('a loop of small calls lets timers fire', async context => {
  const root = await temporaryFolder(context)
  const file = await nodeFiles.open(`${root}/a`, 'create')
  let fired = false
  setTimeout(() => {
    fired = true
  }, 1)
  let calls = 0
  for (; !fired && calls < 1_000_000; calls++) await file.read(0, 10)
  await file.close()
  assert.ok(fired, `no timer fired during ${calls} reads`)
})
