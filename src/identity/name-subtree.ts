import { comparableRdns } from "../x509/distinguished-name.js";
import type { GeneralName } from "../x509/general-name.js";
import { isHostName } from "./host-name.js";
import { quote } from "./quote.js";

/** The base of a name constraint: a set of names of its kind (RFC 5280, section 4.2.1.10). */
export type Subtree = GeneralName;

/**
 * A wildcard stands for many names. A permitted subtree must hold all of them ("inside"); an excluded one is hit by any
 * of them ("touches").
 */
export type Extent = "inside" | "touches";

/** What makes a constraint meaningless; nothing is guessed. */
export function constraintFault(subtree: Subtree): string | undefined {
  if (isMeaningful(subtree)) return undefined;
  const value = typeof subtree.value === "string" ? quote(subtree.value) : subtree.value.toString("hex");
  return `a name constraint has no meaning (${subtree.kind} ${value})`;
}

/** What makes a name undecidable under constraints of its kind. */
export function nameFault(name: GeneralName): string | undefined {
  switch (name.kind) {
    case "dns":
      return isHostName(name.value) ? undefined : `a DNS name is no host name (${quote(name.value)})`;
    case "email":
      return hostOfMailbox(name.value) === undefined
        ? `an e-mail name is no mailbox (${quote(name.value)})`
        : undefined;
    case "uri":
      return hostOfUri(name.value) === undefined ? `a URI has no host name (${quote(name.value)})` : undefined;
    case "dn":
      return comparableRdns(name.value) === undefined ? "a directory name cannot be compared" : undefined;
    case "ip":
      return undefined;
    case "other":
      return "a kind of name is constrained that is not understood here";
  }
}

/** Whether a name lies in a subtree of the same kind. Both were checked by the functions above. */
export function isWithin(name: GeneralName, subtree: Subtree, extent: Extent): boolean {
  switch (subtree.kind) {
    case "dns":
      return name.kind === "dns" && isDnsWithin(name.value.toLowerCase(), subtree.value.toLowerCase(), extent);
    case "uri":
      return name.kind === "uri" && isHostWithin(hostOfUri(name.value) ?? "", subtree.value.toLowerCase());
    case "email":
      return name.kind === "email" && isMailboxWithin(name.value, subtree.value);
    case "ip":
      return name.kind === "ip" && isAddressWithin(name.value, subtree.value);
    case "dn":
      return name.kind === "dn" && isDirectoryNameWithin(name.value, subtree.value);
    case "other":
      return extent === "touches";
  }
}

function isMeaningful({ kind, value }: Subtree): boolean {
  switch (kind) {
    case "dns":
      // The empty constraint holds every name.
      return value === "" || isPlainHostName(value);
    case "uri":
      return isDomainOrHost(value);
    case "email":
      return isDomainOrHost(value) || hostOfMailbox(value) !== undefined;
    case "ip":
      return isContiguous(value.subarray(value.length / 2));
    case "dn":
      return comparableRdns(value) !== undefined;
    case "other":
      return true;
  }
}

/** A leading dot means "hosts below", without it the text is one host. */
function isDomainOrHost(value: string): boolean {
  return isPlainHostName(value.startsWith(".") ? value.slice(1) : value);
}

function isPlainHostName(value: string): boolean {
  return isHostName(value) && !value.startsWith("*");
}

/** For DNS a subtree is the name itself and everything below it. */
function isDnsWithin(name: string, base: string, extent: Extent): boolean {
  const covers = (host: string, tree: string) => tree === "" || host === tree || host.endsWith(`.${tree}`);
  if (!name.startsWith("*.")) return covers(name, base);
  const parent = name.slice(2);
  // `*.example.com` is `a.example.com` too, which an excluded subtree `a.example.com` is about.
  return covers(parent, base) || (extent === "touches" && covers(base, parent));
}

function isHostWithin(host: string, base: string): boolean {
  return base.startsWith(".") ? host.endsWith(base) : host === base;
}

/** The local part is compared as it is, the host without regard to case (RFC 5280, section 7.5). */
function isMailboxWithin(mailbox: string, base: string): boolean {
  const host = hostOfMailbox(mailbox) ?? "";
  const baseHost = hostOfMailbox(base);
  if (baseHost === undefined) return isHostWithin(host, base.toLowerCase());
  return host === baseHost && localPart(mailbox) === localPart(base);
}

function isAddressWithin(address: Buffer, base: Buffer): boolean {
  if (base.length !== address.length * 2) return false;
  const mask = base.subarray(address.length);
  return address.every((octet, i) => (octet & (mask[i] ?? 0)) === ((base[i] ?? 0) & (mask[i] ?? 0)));
}

function isContiguous(mask: Buffer): boolean {
  return /^1*0*$/.test(Array.from(mask, (octet) => octet.toString(2).padStart(8, "0")).join(""));
}

/** A subtree is the RDNs that a name begins with. */
function isDirectoryNameWithin(name: Buffer, base: Buffer): boolean {
  const rdns = comparableRdns(name) ?? [];
  return (comparableRdns(base) ?? []).every((rdn, i) => rdn === rdns[i]);
}

/** The host of a mailbox `local@host`, in lower case. Quoted local parts are not read: they may contain an at sign. */
function hostOfMailbox(mailbox: string): string | undefined {
  const parts = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@([^@]+)$/.exec(mailbox);
  const host = parts?.[1];
  return host !== undefined && isPlainHostName(host) ? host.toLowerCase() : undefined;
}

function localPart(mailbox: string): string {
  return mailbox.slice(0, mailbox.indexOf("@"));
}

/** The host of a URI, in lower case. RFC 5280: a URI without one, or with an IP address, is refused under constraints. */
function hostOfUri(uri: string): string | undefined {
  const host = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@:]+)(?::\d*)?(?:[/?#]|$)/.exec(uri)?.[1];
  return host !== undefined && isUriHost(host) ? host.toLowerCase() : undefined;
}

/** SPIFFE trust domains may have underscores, which host names may not. */
function isUriHost(host: string): boolean {
  return isPlainHostName(host.replaceAll("_", "-").replace(/^-|-$/g, "x"));
}
