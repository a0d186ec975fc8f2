/** Some process emptied the index of events while somebody went through it: what has been found is right, and what comes next is to be looked for anew. */
export class IndexEmptied extends Error {}
