/** Items of which only the least is asked for, while it grows and others are added or gone: a binary heap. */
export class Heap<Item> {
  readonly #items: Item[] = []
  readonly #isLess: (one: Item, other: Item) => boolean

  constructor(items: Iterable<Item>, isLess: (one: Item, other: Item) => boolean) {
    this.#isLess = isLess
    this.#items.push(...items)
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  get least(): Item | undefined {
    return this.#items[0]
  }

  /** To be called when the least has become greater. */
  grown(): void {
    this.#sink(0)
  }

  add(item: Item): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = items[above]
      if (parent === undefined || !this.#isLess(item, parent)) break
      items[at] = parent
      at = above
    }
    items[at] = item
  }

  removeLeast(): void {
    const last = this.#items.pop()
    if (last === undefined || this.#items.length === 0) return
    this.#items[0] = last
    this.#sink(0)
  }

  #sink(from: number): void {
    const items = this.#items
    const item = items[from]
    if (item === undefined) return
    let at = from
    for (;;) {
      let child = 2 * at + 1
      const [left, right] = [items[child], items[child + 1]]
      if (left === undefined) break
      let less = left
      if (right !== undefined && this.#isLess(right, left)) {
        less = right
        child++
      }
      if (!this.#isLess(less, item)) break
      items[at] = less
      at = child
    }
    items[at] = item
  }
}
