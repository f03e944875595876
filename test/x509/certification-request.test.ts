import fc from "fast-check";
import { expect, it } from "vitest";
import { publicKeyOfRequest } from "../../src/x509/certification-request.js";
import { encodePem } from "../../src/x509/pem.js";
import { X509Error } from "../../src/x509/x509-error.js";

// With requests that openssl made, good and forged: test/attacks/ca-01-request-signature.test.ts.

/** DER that gets past the first steps: nested sequences with a version. */
const almostRequest = fc.uint8Array({ maxLength: 120 }).map((tail) => {
  const sequence = (content: Uint8Array) => Buffer.from([0x30, content.length, ...content]);
  return sequence(sequence(Buffer.from([0x02, 0x01, 0x00, ...tail.subarray(0, 60)])));
});

it.each([
  ["random bytes", fc.uint8Array({ minLength: 1, maxLength: 400 })],
  ["bytes that begin like a request", almostRequest],
])("%s give an X509Error and nothing else", (_, bytes) => {
  const property = fc.property(bytes, (der) => {
    expect(() => publicKeyOfRequest(encodePem(der, "CERTIFICATE REQUEST"))).toThrow(X509Error);
  });
  fc.assert(property, { numRuns: 5_000 });
});

it("any text gives an X509Error and nothing else", () => {
  const property = fc.property(fc.string(), (text) => {
    expect(() => publicKeyOfRequest(text)).toThrow(X509Error);
  });
  fc.assert(property, { numRuns: 2_000 });
});

it("refuses a request that is too large before it looks inside", () => {
  const pem = encodePem(Buffer.alloc(65_537, 0x30), "CERTIFICATE REQUEST");
  expect(() => publicKeyOfRequest(pem)).toThrow("certification request: more than 65536 bytes");
});
