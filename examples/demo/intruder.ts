import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";

export interface Intruder {
  /** A credentials directory whose key and certificate it presents; without one it presents nothing. */
  readonly credentials?: string;
}

/** Connects as one who ignores every rule on its own side. Resolves with the readable part of what the server says. */
export function intrude(path: string, { credentials }: Intruder): Promise<string> {
  const pair = credentials && {
    key: readFileSync(join(credentials, "key.pem")),
    cert: readFileSync(join(credentials, "cert.pem")),
  };
  return new Promise((resolve) => {
    // An attacker does not check whom it talks to.
    const socket = connect({ path, rejectUnauthorized: false, ALPNProtocols: ["h2"], ...pair });
    let heard = "";
    socket.on("data", (bytes) => (heard += bytes.toString("latin1")));
    socket.on("error", (error) => (heard += error.message));
    socket.on("close", () => resolve(heard.match(/[\x20-\x7e]{8,}/g)?.join(" ") ?? ""));
  });
}
