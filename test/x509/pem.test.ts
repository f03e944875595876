import { describe, expect, test } from "vitest";
import { decodePem, encodePem } from "../../src/x509/pem.js";
import { X509Error } from "../../src/x509/x509-error.js";
import { thrown } from "../helpers/thrown.js";

const block = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
const content = Buffer.from([1, 2, 3]);

describe("PEM", () => {
  test.each([1, 47, 48, 49, 500])("there and back, %i bytes", (length) => {
    const der = Buffer.alloc(length, 0x5a);
    const pem = encodePem(der, "CERTIFICATE");
    expect(decodePem(pem, "CERTIFICATE")).toEqual([der]);
    expect(pem.split("\n").every((line) => line.length <= 64)).toBe(true);
  });

  test.each([
    ["no block", "", []],
    ["two blocks", block + block, [content, content]],
    ["Windows line ends", block.replaceAll("\n", "\r\n"), [content]],
    ["text around it", `subject=x\n${block}trailing text`, [content]],
  ])("reads %s", (_, text, blocks) => {
    expect(decodePem(text, "CERTIFICATE")).toEqual(blocks);
  });

  test.each([
    [
      "another label",
      block.replaceAll("CERTIFICATE", "X509 CRL"),
      "PEM: a block X509 CRL, where CERTIFICATE is expected",
    ],
    [
      "a key among certificates",
      `${block}-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n`,
      "PEM: a block PRIVATE KEY, where CERTIFICATE is expected",
    ],
    [
      "labels that differ",
      block.replace("END CERTIFICATE", "END OTHER"),
      "PEM: a block CERTIFICATE, where CERTIFICATE is expected",
    ],
    ["no end", block.slice(0, -30), "PEM: a block that is cut off"],
    ["no end of the first of two", block.slice(0, -26) + block, "PEM: a block that is cut off"],
    ["characters that are no base64", block.replace("AQID", "AQ*D"), "PEM: a block that is not base64"],
    ["base64 with missing padding", block.replace("AQID", "AQI"), "PEM: a block that is not base64"],
    ["base64 with bits that do not count", block.replace("AQID", "AQJ="), "PEM: a block that is not base64"],
    ["base64 for URLs", block.replace("AQID", "-_-_"), "PEM: a block that is cut off"],
    ["nothing in it", block.replace("AQID\n", ""), "PEM: a block that is not base64"],
    ["headers", block.replace("AQID", "Proc-Type: 4,ENCRYPTED\n\nAQID"), "PEM: a block that is cut off"],
  ])("refuses %s", (_, text, message) => {
    expect(thrown(X509Error, () => decodePem(text, "CERTIFICATE")).message).toBe(message);
  });
});
