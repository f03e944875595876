import type { KeyObject } from "node:crypto";
import { ConfigError } from "../errors.js";
import { findPath } from "../identity/certification-path.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { X509Svid } from "../identity/x509-svid.js";
import type { Certificate } from "../x509/certificate.js";
import { spkiOf } from "../x509/keys.js";
import type { Existing, ExistingCredentials } from "./existing-credentials.js";
import type { IssueCredentialsOptions } from "./issue-credentials.js";
import type { LocalCa } from "./local-ca.js";

/** What is to be done in a credentials directory. */
export type IssuePlan =
  | { readonly keep: X509Svid }
  | {
      readonly keep?: undefined;
      readonly outcome: "issued" | "renewed" | "replaced";
      /** The key that stays; a new one is made without it. */
      readonly privateKey: KeyObject | undefined;
      readonly dnsNames: readonly string[];
      readonly writeBundle: boolean;
      readonly replaced: readonly string[];
    };

export interface IssueRequest {
  readonly ca: LocalCa;
  readonly id: SpiffeId;
  readonly directory: string;
  readonly options: IssueCredentialsOptions;
}

/** A leaf is renewed when less than a third of its life is left: there is time to notice that renewing fails. */
const renewalPart = 3;

/** @throws ERR_FILE_EXISTS when something is in the way and `force` was not given */
export function planIssue(existing: ExistingCredentials, request: IssueRequest): IssuePlan {
  const { ca, directory, options } = request;
  const view = viewOf(existing, request);
  const obstacles = obstaclesIn(existing, view);
  if (obstacles.length > 0 && options.force !== true) throw inTheWay(directory, obstacles);

  const dnsNames = options.dnsNames ?? (view.own === undefined ? [] : dnsNamesOf(view.own));
  const mayKeep = obstacles.length === 0 && !options.force && !options.newKey;
  if (mayKeep && view.own && isCurrent(view.own, dnsNames, ca)) return { keep: svidOf(existing, ca) };
  return {
    outcome: obstacles.length > 0 ? "replaced" : view.own ? "renewed" : "issued",
    privateKey: options.newKey ? undefined : view.reusableKey,
    dnsNames,
    writeBundle: !view.trustsCa,
    replaced: obstacles,
  };
}

/** What matters of the files that are there. */
interface View {
  /** The leaf, when it is of the identity that is asked for. */
  readonly own: Certificate | undefined;
  /** The SPIFFE ID of the leaf, when it is another one. */
  readonly otherId: SpiffeId | undefined;
  readonly keyMatches: boolean;
  /** The key of this identity, or one without a leaf, which an interrupted issue left. */
  readonly reusableKey: KeyObject | undefined;
  readonly trustsCa: boolean;
}

function viewOf({ key, cert, bundle }: ExistingCredentials, { ca, id }: IssueRequest): View {
  const found = readable(cert);
  const privateKey = readable(key);
  const own = found?.id.equals(id) ? found.leaf : undefined;
  const keyMatches = privateKey !== undefined && found !== undefined && spkiOf(privateKey).equals(found.leaf.spki);
  const belongs = cert === undefined || (own !== undefined && keyMatches);
  return {
    own,
    otherId: own === undefined ? found?.id : undefined,
    keyMatches,
    reusableKey: belongs ? privateKey : undefined,
    trustsCa: (readable(bundle) ?? []).some((der) => ca.bundle.authorities.some((root) => root.der.equals(der))),
  };
}

/** What must not be replaced without being told to. */
function obstaclesIn({ key, cert, bundle }: ExistingCredentials, view: View): string[] {
  return [
    ...(view.otherId ? [`the identity ${view.otherId}`] : []),
    ...faultOf("cert.pem", cert),
    ...faultOf("key.pem", key),
    ...faultOf("bundle.pem", bundle),
    ...(readable(cert) && readable(key) && !view.keyMatches ? ["a key.pem that is not the key of cert.pem"] : []),
    ...(readable(bundle) && !view.trustsCa ? ["a bundle.pem without the certificate of this CA"] : []),
  ];
}

function inTheWay(directory: string, obstacles: readonly string[]): ConfigError {
  return new ConfigError(
    "ERR_FILE_EXISTS",
    `${directory} holds ${obstacles.join(", and ")}`,
    "choose another directory, or replace what is there with --force",
  );
}

function isCurrent(leaf: Certificate, dnsNames: readonly string[], ca: LocalCa): boolean {
  const nowMs = ca.now();
  const life = leaf.notAfter.getTime() - leaf.notBefore.getTime();
  const left = leaf.notAfter.getTime() - nowMs;
  const names = dnsNamesOf(leaf);
  const sameNames = names.length === dnsNames.length && dnsNames.every((name) => names.includes(name));
  return left * renewalPart >= life && sameNames && findPath(leaf, [], ca.bundle, new Date(nowMs)).ok;
}

function svidOf({ key, cert }: ExistingCredentials, ca: LocalCa): X509Svid {
  return X509Svid.fromPem({ certPem: textOf(cert), keyPem: textOf(key), now: new Date(ca.now()) });
}

function dnsNamesOf({ subjectAltNames = [] }: Certificate): string[] {
  return subjectAltNames.flatMap((name) => (name.kind === "dns" ? [name.value] : []));
}

function readable<T>(existing: Existing<T>): T | undefined {
  return existing !== undefined && "value" in existing ? existing.value : undefined;
}

function textOf(existing: Existing<unknown>): string {
  return existing !== undefined && "text" in existing ? existing.text : "";
}

function faultOf(file: string, existing: Existing<unknown>): string[] {
  return existing !== undefined && "fault" in existing ? [`a ${file} that cannot be used (${existing.fault})`] : [];
}
