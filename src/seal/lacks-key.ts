/** Why nothing of a file can be opened, for people: of another store, or of this one and newer than its ring. */
export const lacksKey = (keyId: string): string =>
  `it is sealed with the data key ${keyId}, which is not among the keys of this store (was an older copy of the folder keys put back?)`
