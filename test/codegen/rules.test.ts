// docs/validation.md, from the .proto on: rules that buf has compiled and protoc-gen-es has written are those that a server keeps.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { describe, expect, it } from "vitest";
import { hasValidationRules } from "../../src/interceptors/validation-rules.js";
import { writeProtos } from "../helpers/proto-files.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { generateInto, installPackages } from "../helpers/zoo.js";

/** As much of it as the test needs; names and numbers are those of the real file. */
const validate = `syntax = "proto2";
package buf.validate;
import "google/protobuf/descriptor.proto";
extend google.protobuf.FieldOptions { optional FieldRules field = 1159; }
message FieldRules { oneof type { StringRules string = 14; } }
message StringRules { repeated string in = 10; }
`;

const shop = `syntax = "proto3";
package shop.v1;
import "buf/validate/validate.proto";
service ShopService { rpc Place(PlaceRequest) returns (PlaceResponse); }
message PlaceRequest { repeated Line lines = 1; }
message Line { string colour = 1 [(buf.validate.field).string = {in: ["red", "blue"]}]; }
message PlaceResponse {}
`;

describe("rules of buf.validate in generated code", { timeout: 60_000 }, () => {
  const document = readFileSync(resolve(import.meta.dirname, "../../docs/validation.md"), "utf8");
  const [, mapped = ""] = /^ {2}- (map_imports=buf\S+)$/m.exec(document) ?? [];

  it("come from the package, with the option that docs/validation.md names, and are seen and kept", async () => {
    const directory = tempDirectory();
    writeProtos(directory, { "shop/v1/shop.proto": shop });
    writeProtos(join(directory, "third"), { "buf/validate/validate.proto": validate });
    const modules = "modules:\n  - path: proto\n  - path: third/proto\n    includes: [third/proto/buf]\n";
    writeFileSync(join(directory, "buf.yaml"), `version: v2\n${modules}`);
    installPackages(directory);
    writeFileSync(join(directory, "package.json"), '{"type":"module"}');
    generateInto(directory, { target: "js", options: [mapped] });

    const generated = pathToFileURL(join(directory, "src/gen/shop/v1/shop_pb.js")).href;
    const { ShopService } = (await import(generated)) as { ShopService: DescService };
    const [place] = ShopService.methods;
    if (place === undefined) throw new Error("a service without methods");
    expect(hasValidationRules(place)).toBe(true);
    const line = place.input.field.lines?.message;
    if (line === undefined) throw new Error("a field without a message");
    const message = (colour: string) => ({ $typeName: line.typeName, colour });
    expect(createValidator().validate(line, message("red")).kind).toBe("valid");
    expect(createValidator().validate(line, message("green")).kind).toBe("invalid");
  });
});
