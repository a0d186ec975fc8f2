/**
 * Groups of nodes that reach each other (strongly connected components of more than one node, and nodes that point at
 * themselves), by Tarjan's algorithm. Sorted, so that the report is stable.
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const order = new Map<string, number>()
  const path: string[] = []

  /** Returns the number of the earliest node on the path that `node` reaches. */
  const visit = (node: string): number => {
    const index = order.size
    order.set(node, index)
    path.push(node)
    let low = index
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (path.includes(next)) low = Math.min(low, order.get(next) ?? low)
    }
    if (low === index) {
      const group = path.splice(path.indexOf(node))
      if (group.length > 1 || graph.get(node)?.includes(node)) cycles.push(group.sort())
    }
    return low
  }

  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return cycles.sort((a, b) => (a[0] ?? '').localeCompare(b[0] ?? ''))
}
