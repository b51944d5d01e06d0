// The connection: JSON-RPC 2.0 over one WebSocket, which reconnects when it is lost.

const protocol = "pygent.v1";

/**
 * The subprotocols with the credentials. The printed link contains a token. The link that
 * Pygent opens in a browser contains a ticket, which works once; then this tab's own token
 * works. Neither stays in the address or in the history.
 */
function credentials() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token") || given.has("ticket")) {
    sessionStorage.setItem("token", given.get("token") ?? random());
    if (given.has("ticket")) sessionStorage.setItem("ticket", given.get("ticket"));
    history.replaceState(null, "", given.has("session") ? `#session=${given.get("session")}` : location.pathname);
  }
  const offers = [protocol, `token.${sessionStorage.getItem("token") ?? ""}`];
  const ticket = sessionStorage.getItem("ticket");
  if (ticket) offers.push(`ticket.${ticket}`);
  return offers.filter((offer) => !offer.endsWith("."));
}

function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(32)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** An address for another tab. */
export function linkTo(session) {
  const token = sessionStorage.getItem("token");
  return `${location.origin}/#token=${token}${session ? `&session=${session}` : ""}`;
}

/** An error response of the server. */
export class RpcError extends Error {
  constructor({ code, message, data }) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/**
 * Handlers: opened(server) when a connection is initialized, also after each reconnect;
 * lost(); notified(method, params); asked(method, params, signal), whose promise resolves
 * with the answer.
 */
export class Link {
  #socket = null;
  #last = 0;
  #waiting = new Map();
  #asked = new Map();
  #handlers;
  #delay = 250;

  constructor(handlers) {
    this.#handlers = handlers;
    this.#open();
  }

  get isLost() {
    return this.#socket === null;
  }

  #open() {
    const socket = new WebSocket(`ws://${location.host}/rpc`, credentials());
    let ready = false;
    socket.onopen = async () => {
      this.#socket = socket;
      sessionStorage.removeItem("ticket");
      try {
        const server = await this.call("initialize", {
          processId: null,
          clientInfo: { name: "pygent gui" },
          capabilities: { experimental: { pygent: { approvals: true, askUser: true } } },
        });
        this.notify("initialized", {});
        ready = true;
        this.#delay = 250;
        await this.#handlers.opened(server);
      } catch (error) {
        if (ready) throw error;
        socket.close();
      }
    };
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => {
      if (this.#socket === socket) this.#socket = null;
      for (const { reject } of this.#waiting.values()) reject(new Error("The connection to Pygent was lost."));
      this.#waiting.clear();
      for (const asked of this.#asked.values()) asked.abort();
      this.#asked.clear();
      this.#handlers.lost();
      setTimeout(() => this.#open(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, 5000);
    };
  }

  #send(message) {
    if (!this.#socket) throw new Error("There is no connection to Pygent.");
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }

  call(method, params = {}) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#send({ id, method, params });
      this.#waiting.set(id, { resolve, reject });
    });
  }

  notify(method, params) {
    this.#send({ method, params });
  }

  #take(message) {
    if (message.method === undefined) return this.#answered(message);
    if (message.id !== undefined) return this.#question(message);
    if (message.method === "$/cancelRequest") return this.#asked.get(message.params.id)?.abort();
    this.#handlers.notified(message.method, message.params);
  }

  #answered({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new RpcError(error));
    else waiting?.resolve(result);
  }

  async #question({ id, method, params }) {
    const withdrawn = new AbortController();
    this.#asked.set(id, withdrawn);
    const socket = this.#socket;
    let answer;
    try {
      answer = { result: await this.#handlers.asked(method, params, withdrawn.signal) };
    } catch (error) {
      answer = { error: { code: withdrawn.signal.aborted ? -32800 : -32601, message: String(error.message ?? error) } };
    }
    if (this.#asked.get(id) === withdrawn) this.#asked.delete(id);
    if (this.#socket === socket && socket) this.#send({ id, ...answer });
  }
}
