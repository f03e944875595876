import type { KeyObject } from "node:crypto";
import { ConfigError } from "../errors.js";
import { findPath } from "../identity/certification-path.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { Certificate } from "../x509/certificate.js";
import { spkiOf } from "../x509/keys.js";
import type { Existing, ExistingCredentials } from "./existing-credentials.js";
import type { IssueCredentialsOptions } from "./issue-credentials.js";
import type { LocalCa } from "./local-ca.js";

/** What is to be done in a credentials directory. */
export type IssuePlan =
  | { readonly keep: Certificate }
  | {
      readonly keep?: undefined;
      readonly outcome: "issued" | "renewed" | "replaced";
      /** The key that stays; without it a new one is made, or certified. */
      readonly privateKey: KeyObject | undefined;
      readonly dnsNames: readonly string[];
      readonly writeBundle: boolean;
      /** Whether a key is there that would not fit the new leaf. */
      readonly hasStrayKey: boolean;
      readonly replaced: readonly string[];
    };

export interface IssueRequest {
  readonly ca: LocalCa;
  readonly id: SpiffeId;
  readonly directory: string;
  readonly options: IssueCredentialsOptions;
  /** The key to certify, when its private half stays elsewhere. */
  readonly publicKey?: KeyObject;
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
  if (mayKeep && view.own && view.certifiesKey && isCurrent(view.own, dnsNames, ca)) return { keep: view.own };
  return {
    outcome: obstacles.length > 0 ? "replaced" : view.own ? "renewed" : "issued",
    privateKey: options.newKey ? undefined : view.reusableKey,
    dnsNames,
    writeBundle: !view.trustsCa,
    hasStrayKey: view.strayKey !== undefined || faultOf("key.pem", existing.key).length > 0,
    replaced: obstacles,
  };
}

/** What matters of the files that are there. */
interface View {
  /** The leaf, when it is of the identity that is asked for. */
  readonly own: Certificate | undefined;
  /** The SPIFFE ID of the leaf, when it is another one. */
  readonly otherId: SpiffeId | undefined;
  /** Whether `cert.pem` is for the key in question: the one in `key.pem`, or the one that stays elsewhere. */
  readonly certifiesKey: boolean;
  /** Why `key.pem`, which can be read, must not stay beside the new leaf. */
  readonly strayKey: string | undefined;
  /** The key of this identity, or one without a leaf, which an interrupted issue left. */
  readonly reusableKey: KeyObject | undefined;
  readonly trustsCa: boolean;
}

function viewOf({ key, cert, bundle }: ExistingCredentials, { ca, id, publicKey }: IssueRequest): View {
  const found = readable(cert);
  const privateKey = readable(key);
  const own = found?.id.equals(id) ? found.leaf : undefined;
  const wanted = publicKey ?? privateKey;
  const certifiesKey = found !== undefined && wanted !== undefined && isFor(wanted, found.leaf.spki);
  const belongs = cert === undefined || (own !== undefined && certifiesKey);
  return {
    own,
    otherId: own === undefined ? found?.id : undefined,
    certifiesKey,
    strayKey: privateKey && strayKey(privateKey, publicKey, found?.leaf),
    reusableKey: belongs && publicKey === undefined ? privateKey : undefined,
    trustsCa: (readable(bundle) ?? []).some((der) => ca.bundle.authorities.some((root) => root.der.equals(der))),
  };
}

function strayKey(privateKey: KeyObject, publicKey: KeyObject | undefined, leaf: Certificate | undefined) {
  if (publicKey !== undefined) {
    return isFor(privateKey, spkiOf(publicKey)) ? undefined : "a key.pem that is not the key of the request";
  }
  return leaf === undefined || isFor(privateKey, leaf.spki) ? undefined : "a key.pem that is not the key of cert.pem";
}

function isFor(key: KeyObject, spki: Buffer): boolean {
  return spkiOf(key).equals(spki);
}

/** What must not be replaced without being told to. */
function obstaclesIn({ key, cert, bundle }: ExistingCredentials, view: View): string[] {
  return [
    ...(view.otherId ? [`the identity ${view.otherId}`] : []),
    ...faultOf("cert.pem", cert),
    ...faultOf("key.pem", key),
    ...faultOf("bundle.pem", bundle),
    ...(view.strayKey ? [view.strayKey] : []),
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
  return left * renewalPart >= life && sameNames && findPath(leaf, { bundle: ca.bundle, now: new Date(nowMs) }).ok;
}

function dnsNamesOf({ subjectAltNames = [] }: Certificate): string[] {
  return subjectAltNames.flatMap((name) => (name.kind === "dns" ? [name.value] : []));
}

function readable<T>(existing: Existing<T>): T | undefined {
  return existing !== undefined && "value" in existing ? existing.value : undefined;
}

function faultOf(file: string, existing: Existing<unknown>): string[] {
  return existing !== undefined && "fault" in existing ? [`a ${file} that cannot be used (${existing.fault})`] : [];
}
