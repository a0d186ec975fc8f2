// What the examples of the documentation take for granted: functions and types of a user. Compiled with them, never run.

export {}

declare global {
  interface Order {
    readonly id: string
    readonly total: number
  }
  interface Invoice {
    readonly number: string
    readonly total: number
  }
  class Money {
    constructor(cents: number, currency: string)
    readonly cents: number
    readonly currency: string
  }
  function fetchOrders(day?: string, signal?: AbortSignal): Promise<Order[]>
  function enrich(order: Order): Promise<Order & { readonly country: string }>
  function extract(): Promise<Order[]>
  function translate<Item extends { readonly title: string }>(item: Item): Promise<Item>
  function download(isbn: string): Promise<string>
  function summarize(page: string): Promise<string>
  const pages: { readonly url: string }[]
  function fetchPage(page: { readonly url: string }): Promise<{ readonly title: string }>
  const documents: { readonly id: string; readonly text: string }[]
  function embed(texts: readonly string[], signal: AbortSignal): Promise<number[][]>
  function parse(xml: string): string
}
