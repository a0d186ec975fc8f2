import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'

/** What goes wrong with one request. */
export type Fault =
  | 'hang'
  | 'die'
  | 'garbage'
  | 'endless'
  /** An answer of the right form with other bytes than those asked for. */
  | 'lie'
  | 'short'
  /** A refusal with all that was sent in its text. */
  | 'echo'
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A server on this machine that a test can make fail in every way. */
export abstract class LoopbackServer {
  readonly #server: Server
  #port = 0
  #away = false
  /** Of the next requests, one each; undefined: answered as it should be. */
  readonly faults: (Fault | undefined)[] = []
  /** Of every request after those. */
  fault: Fault | undefined
  readonly requests: Request[] = []
  #arrived: (() => void) | undefined

  constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(error => response.destroy(error))
    })
  }

  abstract answer(request: Request, lies: boolean): { readonly status: number; readonly body: unknown }
  abstract echo(text: string): { readonly status: number; readonly body: unknown }
  abstract short(): unknown

  async start(t: TestContext): Promise<this> {
    await this.#listen()
    t.after(() => this.goAway())
    return this
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async goAway(): Promise<void> {
    if (this.#away) return
    this.#away = true
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async comeBack(): Promise<void> {
    this.#away = false
    await this.#listen()
  }

  /** Resolves with the next request. */
  arrival(): Promise<void> {
    return new Promise(resolve => {
      this.#arrived = resolve
    })
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray()).toString('utf8')
    const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', headers, body }
    this.requests.push(request)
    this.#arrived?.()
    const fault = this.faults.length > 0 ? this.faults.shift() : this.fault
    if (fault === 'hang') return
    if (fault === 'garbage') return this.#send(response, 200, '<html>It works!</html>')
    if (fault === 'short') return this.#send(response, 200, JSON.stringify(this.short()))
    if (fault === 'endless') {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => {
        while (!response.destroyed && response.write('{'.repeat(16_384)));
      }
      response.on('drain', more)
      return more()
    }
    if (typeof fault === 'object') return this.#send(response, fault.status, JSON.stringify(fault.body ?? {}), fault.headers)
    const { status, body: said } =
      fault === 'echo' ? this.echo(`${body} ${JSON.stringify(headers)}`) : this.answer(request, fault === 'lie')
    const text = JSON.stringify(said)
    if (fault !== 'die') return this.#send(response, status, text)
    response.writeHead(status, { 'content-length': Buffer.byteLength(text) })
    response.write(text.slice(0, text.length / 2), () => response.destroy())
  }

  #send(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', date: this.date(), ...headers })
    response.end(text)
  }

  date(): string {
    return new Date().toUTCString()
  }
}
