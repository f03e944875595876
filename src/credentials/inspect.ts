import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../errors.js";
import { fileError } from "../files/file-error.js";
import { readForeignFile } from "../files/private-file.js";
import { PinSet, type PinSetJson } from "../identity/pin-set.js";
import { SpkiPin } from "../identity/spki-pin.js";
import { parseCertificate } from "../x509/certificate.js";
import { privateKeyFromPem, spkiOf } from "../x509/keys.js";
import { decodePem } from "../x509/pem.js";
import { X509Error } from "../x509/x509-error.js";
import { type CertificateDescription, describeCertificate } from "./describe-certificate.js";

/** What a private key is without its secret. */
export interface KeyDescription {
  readonly kind: "key";
  /** For example `EC prime256v1`; `encrypted` when that is all that can be seen. */
  readonly type: string;
  /** The pin of its public half. */
  readonly pin?: string;
}

export interface PinsDescription {
  readonly kind: "pins";
  readonly peers: PinSetJson["peers"];
}

export type Inspected = { readonly file: string } & (CertificateDescription | KeyDescription | PinsDescription);

const knownFiles = ["cert.pem", "key.pem", "bundle.pem", "pins.json", "ca.pem", "ca.key"];

/**
 * What the certificates, keys and pins in a file say, or in each file of a credentials directory or a CA. Private keys are
 * not shown. Nothing is verified: use `checkCredentials` for that.
 *
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_MALFORMED
 */
export async function inspect(path: string, now: Date): Promise<Inspected[]> {
  if (!(await isDirectory(path))) return inspectFile(path, now);
  const files = await existing(knownFiles.map((name) => join(path, name)));
  if (files.length === 0) {
    const hint = `name a directory that holds one of ${knownFiles.join(", ")}`;
    throw new ConfigError("ERR_FILE_MISSING", `${path} is neither a credentials directory nor a CA`, hint);
  }
  return (await Promise.all(files.map((file) => inspectFile(file, now)))).flat();
}

async function inspectFile(file: string, now: Date): Promise<Inspected[]> {
  const content = await readForeignFile(file);
  try {
    return describe(content, file, now).map((description) => ({ file, ...description }));
  } catch (error) {
    if (!(error instanceof X509Error)) throw error;
    const hint = "name a file with certificates or a private key in PEM, or a pins.json";
    throw new ConfigError("ERR_FILE_MALFORMED", `${file} cannot be read: ${error.message}`, hint, { cause: error });
  }
}

type Description = CertificateDescription | KeyDescription | PinsDescription;

function describe(content: Buffer, file: string, now: Date): Description[] {
  const text = content.toString("utf8");
  if (text.trimStart().startsWith("{")) return [{ kind: "pins", peers: PinSet.parse(text, file).toJSON().peers }];
  if (text.includes("PRIVATE KEY-----")) return [describeKey(text)];
  const certificates = text.includes("-----BEGIN ") ? decodePem(text, "CERTIFICATE") : [content];
  return certificates.map((der) => describeCertificate(parseCertificate(der), now));
}

function describeKey(pem: string): KeyDescription {
  if (pem.includes("BEGIN ENCRYPTED PRIVATE KEY")) return { kind: "key", type: "encrypted" };
  const key = privateKeyFromPem(pem);
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  const type = `${key.asymmetricKeyType?.toUpperCase()} ${namedCurve ?? modulusLength}`;
  return { kind: "key", type, pin: SpkiPin.ofSpki(spkiOf(key)).toString() };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw fileError("read", path, error);
  }
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => found[index]);
}
