import { quote } from "../identity/quote.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import { isReservedKey } from "../rpc/metadata.js";
import { isMethodPath } from "../rpc/method-path.js";
import type { DocumentNode } from "./policy-document-node.js";
import type { HeaderCondition } from "./policy-headers.js";
import { anything, type Pattern, readPattern } from "./policy-pattern.js";
import type { RuleParts } from "./policy-rule.js";

/** `source`: whom a rule is about; everybody when it does not say. */
export function readSource(source: DocumentNode | undefined): readonly Pattern[] {
  source?.onlyFields(["principals"], "A43 knows principals");
  const principals = source?.optional("principals")?.nonEmptyItems("leave principals out to mean everybody");
  if (principals === undefined) return [anything];
  const everybody = principals.some(({ text }) => text === "*");
  // To A43 the empty principal is a peer without a certificate. It has none here, so beside "*" it adds nobody.
  return principals.filter(({ text }) => !(everybody && text === "")).map(readPrincipal);
}

/** `request`: what a rule is about; every call when it does not say. */
export function readRequest(request: DocumentNode | undefined): Pick<RuleParts, "paths" | "headers"> {
  request?.onlyFields(["paths", "headers"], "A43 knows paths and headers");
  const paths = request?.optional("paths")?.nonEmptyItems("leave paths out to mean every method");
  const headers = request?.optional("headers")?.nonEmptyItems("leave headers out to ask for none");
  return { paths: paths?.map(readPath) ?? [anything], headers: headers?.map(readHeader) ?? [] };
}

function readPrincipal(node: DocumentNode): Pattern {
  const hint = 'write a SPIFFE ID, such as "spiffe://local.test/cli", or "spiffe://local.test/tools/*", or "*"';
  if (node.text === "") throw node.fault("is an empty principal; here every peer has a certificate", hint);
  const pattern = patternOf(node, hint);
  const { kind, text } = pattern;
  if (kind === "exact") {
    const id = SpiffeId.tryParse(text);
    if (!(id instanceof SpiffeId)) throw node.fault(`${quote(text)} is not a SPIFFE ID: ${id.fault}`, hint);
  }
  if (kind === "prefix" && !/^spiffe:\/\/(?:[a-z0-9._-]+(?:\/[\w.-]+)*\/?)?$/.test(text))
    throw matchesNobody(node, hint);
  if (kind === "suffix" && !/^[\w.:/-]*[\w.-]$/.test(text)) throw matchesNobody(node, hint);
  return pattern;
}

function matchesNobody(node: DocumentNode, hint: string) {
  return node.fault(`${quote(node.text)} matches no SPIFFE ID`, hint);
}

function readPath(node: DocumentNode): Pattern {
  const hint = 'write "/package.Service/Method", "/package.Service/*", "*/Method" or "*"';
  const pattern = patternOf(node, hint);
  const { kind, text } = pattern;
  if (kind !== "suffix" && kind !== "presence" && !text.startsWith("/")) {
    throw node.fault(`${quote(node.text)} does not begin with a slash`, hint);
  }
  const possible =
    kind === "exact"
      ? isMethodPath(text)
      : kind === "prefix"
        ? /^\/(?:[A-Za-z_][\w.]*(?:(?<!\.)\/\w*)?)?$/.test(text)
        : kind === "presence" || /^(?:\/?(?:[\w.]*\w)?\/)?\w+$/.test(text);
  if (!possible) throw node.fault(`${quote(node.text)} is the path of no call`, hint);
  return pattern;
}

/** A43 excludes Host, hop-by-hop headers, pseudo-headers and gRPC's own. */
const unsupported: ReadonlySet<string> = new Set([
  ...["host", "connection", "keep-alive", "proxy-authenticate", "proxy-authorization"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
]);

function readHeader(node: DocumentNode): HeaderCondition {
  node.onlyFields(["key", "values"], "a header has key and values");
  return {
    key: readKey(node.required("key")),
    values: node.required("values").nonEmptyItems('name a value, or "*" for any').map(readValue),
  };
}

function readKey(node: DocumentNode): string {
  const hint = "match a header that the application sends itself, such as x-tenant";
  const key = node.text.toLowerCase();
  if (key.startsWith(":") || key.startsWith("grpc-") || unsupported.has(key)) {
    throw node.fault(`A43 does not let a rule match ${quote(node.text)}`, hint);
  }
  if (!/^[0-9a-z_.-]{1,255}$/.test(key)) throw node.fault(`${quote(node.text)} is not the name of a header`, hint);
  if (isReservedKey(key)) throw node.fault(`${quote(node.text)} is not metadata, so no rule sees it`, hint);
  if (key.endsWith("-bin")) throw node.fault(`${quote(node.text)} holds bytes, and rules match text`, hint);
  return key;
}

function readValue(node: DocumentNode): Pattern {
  const hint = 'write "abc", "abc*", "*abc" or "*"';
  const pattern = patternOf(node, hint);
  if (!/^[\x20-\x7e]*$/.test(pattern.text)) throw node.fault("holds what no header can", "write printable ASCII");
  if (pattern.kind === "exact" && pattern.text !== pattern.text.trim()) {
    throw node.fault("begins or ends with a space, which no header does", hint);
  }
  return pattern;
}

function patternOf(node: DocumentNode, hint: string): Pattern {
  const pattern = readPattern(node.text);
  if (pattern === undefined) throw node.fault(`${quote(node.text)} has a star where A43 knows none`, hint);
  return pattern;
}
