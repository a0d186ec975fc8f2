import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { sqliteTable } from 'waymark'
import { sqlTableSuite } from './sql-table-suite.ts'
import type { SqlWorld } from './sql-world.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function sqliteWorld(t: TestContext): Promise<SqlWorld> {
  const baseDirectory = await temporaryFolder(t)
  const database = new DatabaseSync(join(baseDirectory, 'shop.db'), { timeout: 5_000 })
  database.exec('PRAGMA user_version = 1')
  t.after(() => database.close())
  return {
    baseDirectory,
    target: options => sqliteTable('shop.db', options),
    rows: async sql =>
      database
        .prepare(sql)
        .all()
        .map(row => ({ ...row })),
  }
}

sqlTableSuite(sqliteWorld)
