import { WaymarkError } from '../model/errors.ts'

export type DuckDBLibrary = typeof import('@duckdb/node-api')

/** @throws WaymarkError `unsupported` if the package is not installed */
export async function duckDBLibrary(): Promise<DuckDBLibrary> {
  try {
    return await import('@duckdb/node-api')
  } catch (error) {
    throw new WaymarkError('unsupported', {
      message: 'a query needs the package @duckdb/node-api, which is not installed beside waymark',
      means: 'Nothing was read or changed.',
      remedy: 'npm install @duckdb/node-api',
      cause: error,
    })
  }
}
