/** Why a test that looks for plain bytes or names in the files of a store is skipped where all stores of the tests are sealed; false elsewhere. */
export const skipSealed: string | false =
  process.env['WAYMARK_TEST_SEALED'] === '1' && 'it looks for plain bytes in the files of a store, and here they are sealed'
