import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { catalogSuite } from '../../src/testing/catalog-suite.ts'

const folder = mkdtempSync(join(tmpdir(), 'waymark-catalog-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0

catalogSuite('SQLite in memory', () => openSqliteCatalog(':memory:'))
catalogSuite('SQLite in a file', () => openSqliteCatalog(join(folder, `${++files}.sqlite`)))
