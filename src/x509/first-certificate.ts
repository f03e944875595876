import { type Certificate, parseCertificate } from "./certificate.js";
import { decodePem } from "./pem.js";
import { X509Error } from "./x509-error.js";

/** The first certificate of a PEM file, which is the leaf of a chain. @throws X509Error */
export function firstCertificate(pem: string): Certificate {
  const [der] = decodePem(pem, "CERTIFICATE");
  if (der === undefined) throw new X509Error("it contains no certificate");
  return parseCertificate(der);
}
