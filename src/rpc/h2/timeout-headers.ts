import { EventEmitter } from "node:events";
import type { IncomingHttpHeaders } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { parseGrpcTimeout } from "./grpc-timeout.js";
import { seamChanged } from "./seam-changed.js";

type StreamHandler = (interceptors: unknown, stream: unknown, headers: IncomingHttpHeaders) => void;

/** What of grpc-js's server is not public and needed here (seen in 1.14.7). */
interface Seam {
  _streamHandler?: StreamHandler;
  _setupHandlers?(http2Server: unknown, interceptors: readonly unknown[]): void;
}

/**
 * Reads `grpc-timeout` in place of grpc-js, which takes `-1S`, `1.5S` and nine digits for something else than they are, and
 * more than 24 days for no time at all. The header is gone when grpc-js looks for it, so that it makes no timer of its own;
 * whoever takes the call over, which grpc-js has done before its handler returns, asks `current`.
 *
 * There is no public way. The check that the seam holds runs each time a server is made, so that another grpc-js fails at
 * start, not open.
 */
export class TimeoutHeaders {
  /** Of the call that is arriving: milliseconds, NaN when it cannot be read, undefined when there is none. */
  current: number | undefined;

  constructor(server: Server) {
    const seam = server as unknown as Seam;
    const handle = seam._streamHandler;
    if (typeof handle !== "function" || typeof seam._setupHandlers !== "function") throw seamChanged("receives calls");
    seam._streamHandler = this.#reading(handle.bind(server));
    this.#assertAsked(seam);
  }

  #reading(handle: StreamHandler): StreamHandler {
    return (interceptors, stream, headers) => {
      const value = headers["grpc-timeout"];
      this.current = parseGrpcTimeout(value);
      if (value !== undefined) delete headers["grpc-timeout"];
      handle(interceptors, stream, headers);
      this.current = undefined;
    };
  }

  /** A stream that ends as soon as grpc-js looks at it shows whether it comes by here first. */
  #assertAsked(seam: Seam): void {
    const http2Server = Object.assign(new EventEmitter(), { address: () => null });
    seam._setupHandlers?.(http2Server, []);
    let seen: number | undefined;
    const stream = {
      once: () => {
        seen = this.current;
        throw new Error("seen");
      },
    };
    try {
      http2Server.emit("stream", stream, { "grpc-timeout": "7m" });
    } catch {
      // As it was meant to.
    }
    this.current = undefined;
    if (seen !== 7) throw seamChanged("receives calls");
  }
}
