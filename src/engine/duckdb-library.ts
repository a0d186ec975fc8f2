import { missingPackage } from '../model/missing-package.ts'

export type DuckDBLibrary = typeof import('@duckdb/node-api')

/** @throws WaymarkError `unsupported` if the package is not installed */
export async function duckDBLibrary(): Promise<DuckDBLibrary> {
  try {
    return await import('@duckdb/node-api')
  } catch (error) {
    throw missingPackage({
      need: 'a query needs',
      name: '@duckdb/node-api',
      means: 'Nothing was read or changed.',
      cause: error,
    })
  }
}
