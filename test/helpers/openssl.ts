import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { has } from "./tools.js";

export const hasOpenssl = has("openssl");

export interface OpensslOptions {
  /** The trusted certificates, PEM. */
  readonly trusted: string;
  /** What the peer sends, PEM, the leaf first. */
  readonly chain: readonly string[];
  /** What the peer is. */
  readonly role: "client" | "server";
  readonly now?: Date;
}

/**
 * The verdict of `openssl verify -x509_strict` on a chain: "OK", or its error. It knows nothing of SPIFFE, so what it
 * accepts may still be refused; what it refuses must be.
 */
export function opensslVerdict({ trusted, chain, role, now = new Date() }: OpensslOptions): string {
  const directory = mkdtempSync(join(tmpdir(), "pinwire-openssl-"));
  try {
    const file = (name: string, content: string) => {
      writeFileSync(join(directory, name), content);
      return join(directory, name);
    };
    const [leaf = "", ...others] = chain;
    const purpose = role === "client" ? "sslclient" : "sslserver";
    const time = String(Math.floor(now.getTime() / 1000));
    const args = ["verify", "-x509_strict", "-purpose", purpose, "-attime", time, "-CAfile", file("ca.pem", trusted)];
    if (others.length > 0) args.push("-untrusted", file("others.pem", others.join("")));
    const { status, stderr } = spawnSync("openssl", [...args, file("leaf.pem", leaf)], { encoding: "utf8" });
    return status === 0 ? "OK" : (/error \d+ at \d+ depth lookup: (.*)/.exec(stderr)?.[1] ?? stderr.trim());
  } finally {
    rmSync(directory, { recursive: true });
  }
}
