import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptionsSchema, ServiceOptionsSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { method, service } from "../../src/gen/pinwire/policy/v1/policy_pb.js";
import { methodContract } from "../../src/rpc/method-contract.js";
import { unreadable } from "../helpers/schema.js";

/** A method of descriptors that somebody else made, with these options. */
function methodWith(ofMethod: object, ofService: object) {
  const methods = [{ name: "Do", inputType: ".a.M", outputType: ".a.M", ...ofMethod }];
  const file = { name: "a.proto", package: "a", syntax: "proto3", messageType: [{ name: "M" }] };
  const set = { file: [{ ...file, service: [{ name: "S", method: methods, ...ofService }] }] };
  const found = createFileRegistry(create(FileDescriptorSetSchema, set)).getService("a.S")?.methods[0];
  if (found === undefined) throw new Error("a service without methods");
  return found;
}

describe("a policy that cannot be read", () => {
  it.each([
    ["method", methodWith(unreadable(create(MethodOptionsSchema), method.number), {})],
    ["service", methodWith({}, unreadable(create(ServiceOptionsSchema), service.number))],
  ])("of a %s is an error of the schema, not a rule that is skipped", (_, desc) => {
    expect(() => methodContract(desc)).toThrow(
      expect.objectContaining({
        name: "ConfigError",
        code: "ERR_SCHEMA_POLICY",
        problem: "a.S/Do: its policy cannot be read",
      }),
    );
  });
});
