import { createRequire } from 'node:module'

/** What is used of the functions of DuckDB under `@duckdb/node-api`; chunks and vectors are opaque. */
export interface DuckDBBindings {
  data_chunk_get_vector(chunk: object, column: number): object
  copy_data_to_vector(vector: object, at: number, source: ArrayBufferLike, from: number, byteCount: number): void
  copy_data_to_vector_validity(vector: object, at: number, source: ArrayBufferLike, from: number, byteCount: number): void
  vector_ensure_validity_writable(vector: object): void
  vector_assign_string_element_len(vector: object, index: number, bytes: Uint8Array): void
}

const used = [
  'data_chunk_get_vector',
  'copy_data_to_vector',
  'copy_data_to_vector_validity',
  'vector_ensure_validity_writable',
  'vector_assign_string_element_len',
] as const satisfies readonly (keyof DuckDBBindings)[]

/** Those that `@duckdb/node-api` itself uses: of another copy they would not know its vectors. Undefined where they cannot be had. */
export function duckDBBindings(): DuckDBBindings | undefined {
  try {
    const found: unknown = createRequire(import.meta.resolve('@duckdb/node-api'))('@duckdb/node-bindings')
    return isBindings(found) ? found : undefined
  } catch {
    return undefined
  }
}

const isBindings = (found: unknown): found is DuckDBBindings =>
  typeof found === 'object' && found !== null && used.every(name => typeof Reflect.get(found, name) === 'function')
