import { scrubText } from "../interceptors/scrub.js";
import type { ServerCall } from "../rpc/server-call.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import { fieldsText } from "./audit-record.js";

interface ConnectionText {
  readonly peer: string;
  readonly all: string;
}

/** What records say about who calls what, made once per connection and not for each of its calls. */
export class CallTexts {
  readonly #connections = new WeakMap<SecureConnection, ConnectionText>();
  #path: string | undefined;
  #method = "";

  /** Everything there is to say. */
  whole(call: ServerCall): string {
    return `${this.#connection(call).all},${this.#methodOf(call)}`;
  }

  /** What a record says that refers to one with all of it. */
  short(call: ServerCall): string {
    return `${this.#connection(call).peer},${this.#methodOf(call)}`;
  }

  #connection({ connection, peer }: ServerCall): ConnectionText {
    let text = this.#connections.get(connection);
    if (text === undefined) {
      const who = fieldsText({ peer: peer.id.toString() });
      const { id, protocol } = connection;
      text = { peer: who, all: `${who},${fieldsText({ pin: peer.pin.toString(), connection: id, protocol })}` };
      this.#connections.set(connection, text);
    }
    return text;
  }

  #methodOf({ path }: ServerCall): string {
    if (path !== this.#path) {
      this.#path = path;
      // A peer may call what it wants anything, also what it should keep to itself.
      this.#method = fieldsText({ method: scrubText(path.slice(0, 256)) });
    }
    return this.#method;
  }
}
