import { isIPv6 } from "node:net";
import type { Certificate } from "../src/x509/certificate.js";
import type { LimboName } from "./limbo.js";

/**
 * Whether a certificate is for a host, after RFC 9525: what a web client does, and pinwire does not, because it knows its
 * peers by SPIFFE ID. Only subjectAltName counts, never the common name; a wildcard stands for one label.
 */
export function isForPeer({ subjectAltNames = [] }: Certificate, { kind, value }: LimboName): boolean {
  return subjectAltNames.some((name) => {
    if (kind === "DNS") return name.kind === "dns" && matchesHost(name.value.toLowerCase(), value.toLowerCase());
    if (kind === "IP") return name.kind === "ip" && name.value.equals(addressBytes(value));
    return name.kind === "email" && name.value === value;
  });
}

function matchesHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  return host.includes(".") && host.slice(host.indexOf(".")) === pattern.slice(1);
}

function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill("0");
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, "0")).join(""), "hex");
}
