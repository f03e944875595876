/**
 * What is wrong with the syntax of SPIFFE IDs, by the letter of the SPIFFE-ID document, section 2. The functions return
 * the fault as half a sentence, or undefined when there is none: the blame differs with where the text came from.
 *
 * Nothing is normalised. One identity has one spelling, so that names can be compared as bytes.
 */

/** SPIFFE-ID, section 2.3; the whole URI, in bytes. */
const maxIdBytes = 2048;
/** SPIFFE-ID, section 2.3, after RFC 3986, section 3.2.2. */
const maxTrustDomainBytes = 255;

const scheme = "spiffe://";

/** Splits a SPIFFE ID into trust domain and path, both still unchecked; a fault when it does not look like one at all. */
export function splitSpiffeId(text: string): { trustDomain: string; path: string } | { fault: string } {
  const fault = uriFault(text);
  if (fault !== undefined) return { fault };
  const rest = text.slice(scheme.length);
  const slash = rest.indexOf("/");
  return slash < 0 ? { trustDomain: rest, path: "" } : { trustDomain: rest.slice(0, slash), path: rest.slice(slash) };
}

function uriFault(text: string): string | undefined {
  if (Buffer.byteLength(text) > maxIdBytes) return `it is longer than ${maxIdBytes} bytes`;
  if (!text.startsWith(scheme)) {
    const otherCase = text.slice(0, scheme.length).toLowerCase() === scheme;
    return otherCase ? "its scheme is not in lower case" : `it does not start with ${scheme}`;
  }
  if (text.includes("?")) return "it has a query";
  if (text.includes("#")) return "it has a fragment";
  if (text.includes("%")) return "it has percent-encoding";
  return undefined;
}

/** SPIFFE-ID, section 2.1. */
export function trustDomainFault(name: string): string | undefined {
  if (name === "") return "its trust domain is empty";
  if (Buffer.byteLength(name) > maxTrustDomainBytes)
    return `its trust domain is longer than ${maxTrustDomainBytes} bytes`;
  if (name.includes("@")) return "its trust domain has user information";
  if (name.includes(":")) return "its trust domain has a port";
  if (/[A-Z]/.test(name)) return "its trust domain is not in lower case";
  const character = /[^a-z0-9._-]/u.exec(name)?.[0];
  return character === undefined ? undefined : `its trust domain contains ${show(character)}`;
}

/** SPIFFE-ID, section 2.2. The empty path is well-formed: it names the trust domain itself. */
export function pathFault(path: string): string | undefined {
  if (path === "") return undefined;
  if (path.endsWith("/")) return "its path ends with a slash";
  const segments = path.slice(1).split("/");
  if (segments.includes("")) return "its path has an empty segment";
  if (segments.includes(".") || segments.includes("..")) return "its path has a dot segment";
  const character = /[^a-zA-Z0-9._/-]/u.exec(path)?.[0];
  return character === undefined ? undefined : `its path contains ${show(character)}`;
}

/** A character in quotes and ASCII, so that it can neither hide nor end a log line. */
function show(character: string): string {
  if (/^[\x20-\x7e]$/.test(character)) return JSON.stringify(character);
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
