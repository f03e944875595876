import { X509Error } from "./x509-error.js";

const block = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END ([A-Z0-9 ]+)-----/g;

/**
 * The contents of the PEM blocks in a text, in order (RFC 7468, strict form apart from the width of lines). Text between
 * blocks is skipped, as every tool does; a block with another label, bad base64 or an end that is missing is an error,
 * so that nothing that was meant to be there is passed over.
 *
 * @throws X509Error
 */
export function decodePem(text: string, label: string): Buffer[] {
  const blocks = [...text.matchAll(block)];
  if (blocks.length !== text.split("-----BEGIN ").length - 1) throw new X509Error("PEM: a block that is cut off");
  return blocks.map(([, begin, body, end]) => {
    if (begin !== label || end !== label) throw new X509Error(`PEM: a block ${begin}, where ${label} is expected`);
    return decodeBase64(body ?? "");
  });
}

/** One PEM block with lines of 64 characters and a newline at the end. */
export function encodePem(der: Uint8Array, label: string): string {
  const lines = Buffer.from(der)
    .toString("base64")
    .replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function decodeBase64(body: string): Buffer {
  const compact = body.replace(/[ \t\r\n]/g, "");
  const der = Buffer.from(compact, "base64");
  // Buffer skips what is not base64; only the canonical form survives the way there and back.
  if (der.length === 0 || der.toString("base64") !== compact) throw new X509Error("PEM: a block that is not base64");
  return der;
}
