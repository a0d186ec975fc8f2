import { isWaymarkError, type WaymarkError } from '../model/errors.ts'
import type { Catalog } from './catalog.ts'
import { catalogIdentity, setCatalogAside } from './catalog-files.ts'
import type { CatalogImage } from './catalog-image.ts'

export interface OpenCatalogOptions {
  /** Of the machine's start that this process runs since. */
  readonly bootId?: string | undefined
  /** Where a catalog in memory is kept while nobody has it open. */
  readonly image?: CatalogImage | undefined
}

/** Opens a catalog, `:memory:` or a file, which is made where there is none. */
export type OpenCatalog = (path: string, options: OpenCatalogOptions) => Promise<Catalog>

/** The catalog is only a view: one that cannot be opened is replaced, and filled from the log. */
export async function openOrReplace(
  path: string,
  open: OpenCatalog,
  options: OpenCatalogOptions,
): Promise<{ catalog: Catalog; replaced?: WaymarkError }> {
  try {
    return { catalog: await open(path, options) }
  } catch (error) {
    if (!isWaymarkError(error) || !['corrupt', 'disk_full', 'unavailable'].includes(error.code)) throw error
    // Its image is begun anew, from the log.
    const image = options.image && { ...options.image, read: async () => undefined }
    return { catalog: await replaceCatalog(path, open, { ...options, image }, error), replaced: error }
  }
}

/** A damaged one is set aside; where none can be written, this process keeps one in memory. */
export async function replaceCatalog(
  path: string,
  open: OpenCatalog,
  options: OpenCatalogOptions,
  error: WaymarkError,
): Promise<Catalog> {
  if (error.code !== 'corrupt') return open(':memory:', options)
  // Told apart by its identity: another process may have put a new one there meanwhile.
  const { identity } = error.details
  if (catalogIdentity(path) !== undefined) await setCatalogAside(path, typeof identity === 'string' ? identity : undefined)
  return open(path, options)
}
