import { comparableRdns } from "../x509/distinguished-name.js";
import type { GeneralName } from "../x509/general-name.js";
import { type ConstrainedName, isPlainHostName, isUriHost, readMailbox } from "./constrained-name.js";

/** A set of names of one kind: the base of a name constraint (RFC 5280, section 4.2.1.10). */
export interface Subtree {
  /** Whether all that a name stands for is in the set; a wildcard stands for many hosts. For permitted subtrees. */
  holds(name: ConstrainedName): boolean;
  /** Whether any of it is. For excluded subtrees. */
  touches(name: ConstrainedName): boolean;
}

/** Undefined when the base has no meaning; nothing is guessed. */
export function readSubtree(base: GeneralName): Subtree | undefined {
  switch (base.kind) {
    case "dns":
      return dnsSubtree(base.value.toLowerCase());
    case "uri":
      return uriSubtree(base.value.toLowerCase());
    case "email":
      return emailSubtree(base.value);
    case "ip":
      return ipSubtree(base.value);
    case "dn":
      return directorySubtree(base.value);
    case "other":
      // Never asked: no name of such a kind can be read.
      return subtree(() => false);
  }
}

function subtree(holds: (name: ConstrainedName) => boolean): Subtree {
  return { holds, touches: holds };
}

/** A host and everything below it; the empty base holds all. */
function dnsSubtree(base: string): Subtree | undefined {
  if (base !== "" && !isPlainHostName(base)) return undefined;
  const covers = (host: string, tree: string) => tree === "" || host === tree || host.endsWith(`.${tree}`);
  const parent = (host: string) => (host.startsWith("*.") ? host.slice(2) : host);
  return {
    holds: (name) => name.kind === "dns" && covers(parent(name.host), base),
    // `*.example.com` is `a.example.com` too, which the base `a.example.com` is about.
    touches: (name) =>
      name.kind === "dns" &&
      (covers(parent(name.host), base) || (name.host.startsWith("*.") && covers(base, parent(name.host)))),
  };
}

/** One host; or with a dot before it all hosts below it, but not itself; the empty base holds all. */
function isHostIn(host: string, base: string): boolean {
  return base === "" || (base.startsWith(".") ? host.endsWith(base) : host === base);
}

function uriSubtree(base: string): Subtree | undefined {
  if (base !== "" && !isUriHost(base.replace(/^\./, ""))) return undefined;
  return subtree((name) => name.kind === "uri" && isHostIn(name.host, base));
}

/** One mailbox, whose local part is compared as it is (RFC 5280, section 7.5); or hosts, as for URIs. */
function emailSubtree(base: string): Subtree | undefined {
  const mailbox = readMailbox(base);
  if (mailbox !== undefined) {
    return subtree((name) => name.kind === "email" && name.host === mailbox.host && name.local === mailbox.local);
  }
  const host = base.toLowerCase();
  if (host !== "" && !isPlainHostName(host.replace(/^\./, ""))) return undefined;
  return subtree((name) => name.kind === "email" && isHostIn(name.host, host));
}

/** An address and its mask, which must be a run of ones and then zeros (RFC 4632). */
function ipSubtree(base: Buffer): Subtree | undefined {
  const width = base.length / 2;
  const mask = base.subarray(width);
  if (!/^1*0*$/.test(Array.from(mask, (octet) => octet.toString(2).padStart(8, "0")).join(""))) return undefined;
  const network = (address: Buffer) => address.subarray(0, width).map((octet, i) => octet & (mask[i] ?? 0));
  const own = network(base);
  return subtree(
    (name) => name.kind === "ip" && name.address.length === width && Buffer.compare(network(name.address), own) === 0,
  );
}

/** All names that begin with the same RDNs. */
function directorySubtree(base: Buffer): Subtree {
  const own = comparableRdns(base);
  return subtree((name) => name.kind === "dn" && own.every((rdn, i) => rdn === name.rdns[i]));
}
