import { comparableRdns } from "../x509/distinguished-name.js";
import type { GeneralName } from "../x509/general-name.js";
import { isHostName } from "./host-name.js";

/** A name in the form in which name constraints are about it (RFC 5280, section 4.2.1.10). */
export type ConstrainedName =
  /** In lower case; may begin with the label `*`. */
  | { readonly kind: "dns"; readonly host: string }
  | { readonly kind: "uri"; readonly host: string }
  | { readonly kind: "email"; readonly local: string; readonly host: string }
  | { readonly kind: "ip"; readonly address: Buffer }
  | { readonly kind: "dn"; readonly rdns: readonly string[] };

/** The kind of a name: constraints are only about names of their own. */
export function kindOf(name: GeneralName): string {
  return name.kind === "other" ? `other, tag 0x${name.tag.toString(16)}` : name.kind;
}

/** Undefined when the name is malformed, or of a kind that is not understood here: nothing can be decided about it. */
export function readConstrainedName(name: GeneralName): ConstrainedName | undefined {
  switch (name.kind) {
    case "dns":
      return isHostName(name.value) ? { kind: "dns", host: name.value.toLowerCase() } : undefined;
    case "uri":
      return readUri(name.value);
    case "email":
      return readMailbox(name.value);
    case "ip":
      return { kind: "ip", address: name.value };
    case "dn":
      return { kind: "dn", rdns: comparableRdns(name.value) };
    case "other":
      return undefined;
  }
}

/** A host name without a wildcard. */
export function isPlainHostName(name: string): boolean {
  return isHostName(name) && !name.startsWith("*");
}

/** `local@host`. Quoted local parts are not read: they may contain an at sign. */
export function readMailbox(mailbox: string): (ConstrainedName & { kind: "email" }) | undefined {
  const [, local, host] = /^([a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+)@([^@]+)$/.exec(mailbox) ?? [];
  if (local === undefined || host === undefined || !isPlainHostName(host)) return undefined;
  return { kind: "email", local, host: host.toLowerCase() };
}

/** RFC 5280: under constraints a URI must have an authority with a host name, which an IP address is not. */
function readUri(uri: string): ConstrainedName | undefined {
  const host = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@:]+)(?::\d*)?(?:[/?#]|$)/.exec(uri)?.[1];
  return host !== undefined && isUriHost(host) ? { kind: "uri", host: host.toLowerCase() } : undefined;
}

/**
 * A host in a URI. The characters are those of trust domains (SPIFFE-ID, section 2.1), which host names do not all have.
 * A dot at the start would read as "hosts below", and IP addresses are excluded by RFC 5280.
 */
export function isUriHost(host: string): boolean {
  return /^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$/.test(host) && !/^\d+(\.\d+){3}$/.test(host);
}
