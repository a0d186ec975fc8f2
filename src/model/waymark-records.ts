/**
 * The entries of your own record streams, for the compiler. Extended where they are used.
 *
 * @example
 * declare module 'waymark' {
 *   interface WaymarkRecords { quant_validation: { readonly ticker: string; readonly status: 'pass' | 'fail' } }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be extended
export interface WaymarkRecords {}
