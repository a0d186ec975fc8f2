import { catalogIdentity, createCatalogFile, withCatalogLock } from './catalog-files.ts'
import { SqliteConnection } from './sqlite-connection.ts'

export interface FilePreparation {
  readonly busyTimeoutMs: number
  readonly pragmas: readonly string[]
  /** The first to read opens the files beside the database, so this is still done under the lock. */
  readonly prepare: (connection: SqliteConnection) => void
}

/** A connection to a database in a file, which is made where there is none. */
export function connectToFile(path: string, { busyTimeoutMs, pragmas, prepare }: FilePreparation): SqliteConnection {
  return withCatalogLock(path, busyTimeoutMs, () => {
    createCatalogFile(path)
    const connection = new SqliteConnection({ path, identity: catalogIdentity(path) }, busyTimeoutMs)
    try {
      for (const pragma of pragmas) connection.all(`PRAGMA ${pragma}`)
      prepare(connection)
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  })
}
