/** Stands for the digest of the params in a run of loops of one's own (`store.track`): it is known by its id, and no pipeline goes on with it. */
export const trackedParams = 'tracked'
