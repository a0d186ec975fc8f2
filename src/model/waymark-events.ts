/**
 * The metadata of your own types of events, for the compiler. Extended where they are used.
 *
 * @example
 * declare module 'waymark' {
 *   interface WaymarkEvents { model_scored: { readonly accuracy: number } }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be extended
export interface WaymarkEvents {}
