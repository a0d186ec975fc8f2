/** How a loop over items ended early. */
export interface LoopFailure {
  readonly error: unknown
  /** Key of the item that threw, if one did. */
  readonly item?: string
  /** Place of that item in the input. */
  readonly index?: number
}
