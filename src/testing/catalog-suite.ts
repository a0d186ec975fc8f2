import { describe, test } from 'node:test'
import type { Catalog } from '../catalog/catalog.ts'
import { catalogApplyClaims } from './catalog-apply-claims.ts'
import { catalogChangeClaims } from './catalog-change-claims.ts'
import { catalogCheckpointClaims } from './catalog-checkpoint-claims.ts'
import type { CatalogClaim } from './catalog-claim.ts'
import { catalogDeletionClaims } from './catalog-deletion-claims.ts'
import { catalogListClaims } from './catalog-list-claims.ts'
import { catalogRunClaims } from './catalog-run-claims.ts'
import { catalogStageClaims } from './catalog-stage-claims.ts'
import { catalogStatisticsClaims } from './catalog-statistics-claims.ts'

/**
 * Registers tests (node:test) of everything the port promises but what damage and several processes show.
 *
 * @param make Opens a new, empty catalog; the suite closes it.
 *
 * @example
 * catalogSuite('my catalog', () => openMyCatalog())
 */
export function catalogSuite(name: string, make: () => Promise<Catalog>): void {
  const claim: CatalogClaim = (text, body) => {
    test(text, async () => {
      const catalog = await make()
      try {
        await body(catalog)
      } finally {
        await catalog.close()
      }
    })
  }

  describe(`catalog: ${name}`, () => {
    catalogApplyClaims(claim)
    catalogRunClaims(claim)
    catalogStageClaims(claim)
    catalogCheckpointClaims(claim)
    catalogDeletionClaims(claim)
    catalogListClaims(claim)
    catalogChangeClaims(claim)
    catalogStatisticsClaims(claim)

    claim('closing twice is closing once', async catalog => {
      await catalog.close()
      await catalog.close()
    })
  })
}
