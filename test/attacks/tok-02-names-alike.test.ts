// TOK-02: a rule for the service foo.A says nothing about foo.AB, foo.a, A or x.foo.A, in code as in a file.
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { type DescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { allow, deny, type PolicyTarget } from "../../src/interceptors/policy.js";
import { codeRules } from "../../src/interceptors/policy-code.js";
import { parsePolicyDocument } from "../../src/interceptors/policy-document.js";
import { Policy } from "../../src/interceptors/policy-engine.js";

const peer = SpiffeId.parse("spiffe://local.test/cli");

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "foo.proto",
    package: "foo",
    syntax: "proto3",
    messageType: [{ name: "Empty" } as DescriptorProto],
    service: [
      {
        name: "A",
        method: ["Get", "GetAll"].map((name) => ({ name, inputType: ".foo.Empty", outputType: ".foo.Empty" })),
      },
    ],
  }),
  () => undefined,
);
const service = registry.getService("foo.A");
if (service === undefined) throw new Error("foo.A is missing");
const get = service.method.get as PolicyTarget;

const alike = [
  ...["/foo.AB/Get", "/foo.a/Get", "/foo.A.B/Get", "/x.foo.A/Get", "/foo/Get", "/A/Get", "/Foo.A/Get", "/foo.A_/Get"],
  ...[
    "/foo.A/",
    "/foo.A",
    "//foo.A/Get",
    "/foo.A//Get",
    "/foo.A/Get/",
    "/foo.A/Get/x",
    "foo.A/Get",
    "/foo.A/Get?x",
    "/foo%2EA/Get",
  ],
];

const rulesForService = {
  code: codeRules([allow(service, peer)]),
  file: parsePolicyDocument(
    JSON.stringify({ name: "p", allow_rules: [{ name: "r", request: { paths: ["/foo.A/*"] } }] }),
    "policy.json",
  ).rules,
};
const rulesForMethod = {
  code: codeRules([allow(get, peer)]),
  file: parsePolicyDocument(
    JSON.stringify({ name: "p", allow_rules: [{ name: "r", request: { paths: ["/foo.A/Get"] } }] }),
    "policy.json",
  ).rules,
};

for (const source of ["code", "file"] as const) {
  describe(`TOK-02: a rule of ${source}`, () => {
    it("for a service is for its methods, and for none of a service that is called alike", () => {
      const policy = new Policy(rulesForService[source]);
      for (const method of ["Get", "GetAll", "Unknown"]) expect(policy.permits(peer, `/foo.A/${method}`)).toBe(true);
      for (const path of alike) expect(policy.permits(peer, path), path).toBe(false);
    });

    it("for a method is for no other", () => {
      const policy = new Policy(rulesForMethod[source]);
      expect(policy.permits(peer, "/foo.A/Get")).toBe(true);
      for (const path of [...alike, "/foo.A/GetAll", "/foo.A/get", "/foo.A/Ge", "/foo.A/GET"]) {
        expect(policy.permits(peer, path), path).toBe(false);
      }
    });
  });
}

describe("TOK-02: a denial", () => {
  it("keeps to its service as well", () => {
    const all = parsePolicyDocument(JSON.stringify({ name: "p", allow_rules: [{ name: "all" }] }), "policy.json").rules;
    const policy = new Policy([...codeRules([deny(service, peer)]), ...all]);
    expect(policy.permits(peer, "/foo.A/Get")).toBe(false);
    for (const path of ["/foo.AB/Get", "/foo.a/Get", "/x.foo.A/Get"])
      expect(policy.permits(peer, path), path).toBe(true);
  });
});

describe("TOK-02: an identity", () => {
  it("is not another that begins, ends or is written alike", () => {
    const policy = new Policy(codeRules([allow(service, peer)]));
    for (const id of [
      "spiffe://local.test/cli2",
      "spiffe://local.test/cl",
      "spiffe://local.test/x/cli",
      "spiffe://local.test/CLI",
      "spiffe://local.tes/cli",
      "spiffe://xlocal.test/cli",
    ]) {
      expect(policy.permits(SpiffeId.parse(id), "/foo.A/Get"), id).toBe(false);
    }
  });
});
