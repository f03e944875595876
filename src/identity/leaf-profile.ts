import type { Certificate } from "../x509/certificate.js";
import { isEmptyName } from "../x509/distinguished-name.js";
import type { GeneralName } from "../x509/general-name.js";
import { oids } from "../x509/object-identifiers.js";
import { certificateFault, type PeerRole, purposeFault } from "./certificate-rules.js";
import { isHostName } from "./host-name.js";
import { quote } from "./quote.js";
import { SpiffeId } from "./spiffe-id.js";

export type { PeerRole };

export type LeafProfileResult =
  | { readonly ok: true; readonly id: SpiffeId }
  | { readonly ok: false; readonly code: "ERR_LEAF_PROFILE"; readonly fault: string };

/** Far more names than a leaf needs, and few enough that checking them costs nothing. */
const maxNames = 32;

/**
 * The rules for a leaf, and the only place that holds them: what is issued, what is loaded and what a peer presents all
 * go through here.
 *
 * @param role the role the leaf is used in, whose extended key usage it must carry; without it, it must carry both
 */
export function checkLeafProfile(leaf: Certificate, role?: PeerRole): LeafProfileResult {
  const fault = endEntityFault(leaf, role);
  if (fault !== undefined) return refused(fault);
  // X.509-SVID, section 4.3. RFC 5280 only recommends it.
  if (!leaf.criticalExtensions.has(oids.keyUsage)) return refused("its keyUsage is not critical");
  const id = claimedId(leaf);
  return id instanceof SpiffeId ? { ok: true, id } : refused(id.fault);
}

function refused(fault: string): LeafProfileResult {
  return { ok: false, code: "ERR_LEAF_PROFILE", fault };
}

/** The rules that do not concern the SPIFFE ID: a leaf for TLS, no CA, well-formed other names. */
export function endEntityFault(leaf: Certificate, role?: PeerRole): string | undefined {
  return (
    certificateFault(leaf) ??
    authorityTraitFault(leaf) ??
    keyUsageFault(leaf) ??
    namedPurposeFault(leaf, role) ??
    namesFault(leaf)
  );
}

/** The SPIFFE ID that a leaf claims: its one URI name (X.509-SVID, section 2). Claimed is not proven. */
export function claimedId(leaf: Certificate): SpiffeId | { readonly fault: string } {
  const [uri, second] = (leaf.subjectAltNames ?? []).filter(isUri);
  if (uri === undefined) return { fault: "its subjectAltName has no URI" };
  if (second !== undefined) return { fault: "its subjectAltName has more than one URI" };
  const id = SpiffeId.tryParse(uri.value);
  if (!(id instanceof SpiffeId)) return { fault: `its URI ${quote(uri.value)} is not a SPIFFE ID: ${id.fault}` };
  // X.509-SVID, section 3.1. An ID without a path is the trust domain's own, for its CA.
  return id.path === "" ? { fault: `its SPIFFE ID ${id} has no path` } : id;
}

/** X.509-SVID, sections 3.1, 4.1 and 4.2. */
function authorityTraitFault({ basicConstraints, nameConstraints }: Certificate): string | undefined {
  if (basicConstraints?.ca === true) return "it is a CA certificate";
  // RFC 5280, section 4.2.1.9: meaningless, so whoever wrote it meant something else.
  if (basicConstraints?.pathLength !== undefined) return "it has a path length, which only a CA has";
  if (nameConstraints !== undefined) return "it has nameConstraints, which only a CA has";
  return undefined;
}

/** X.509-SVID, section 4.3. */
function keyUsageFault({ keyUsage }: Certificate): string | undefined {
  if (keyUsage === undefined) return "it has no keyUsage";
  if (keyUsage.has("keyCertSign")) return "its keyUsage has keyCertSign";
  if (keyUsage.has("cRLSign")) return "its keyUsage has cRLSign";
  if (!keyUsage.has("digitalSignature")) return "its keyUsage lacks digitalSignature";
  return undefined;
}

function namedPurposeFault(leaf: Certificate, role: PeerRole | undefined): string | undefined {
  return leaf.extendedKeyUsage === undefined ? "it has no extendedKeyUsage" : purposeFault(leaf, role);
}

function namesFault({ subject, subjectAltNames = [], criticalExtensions }: Certificate): string | undefined {
  if (subjectAltNames.length > maxNames) return `its subjectAltName has more than ${maxNames} names`;
  // RFC 5280, section 4.1.2.6; X.509-SVID, section 3.1.
  if (isEmptyName(subject) && subjectAltNames.length > 0 && !criticalExtensions.has(oids.subjectAltName)) {
    return "its subject is empty, and its subjectAltName is not critical";
  }
  const dns = subjectAltNames.find((name) => name.kind === "dns" && !isHostName(name.value));
  return dns && `its DNS name ${quote(dns.value)} is not a host name`;
}

function isUri(name: GeneralName): name is GeneralName & { kind: "uri" } {
  return name.kind === "uri";
}
