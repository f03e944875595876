import { create, createRegistry, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AnySchema,
  EnumValueOptionsSchema,
  FieldOptionsSchema,
  file_google_protobuf_any,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { renderRedacted } from "../../src/interceptors/redaction.js";
import { field, Label, serviceOf, Type } from "../helpers/schema.js";

const secret = "CANARY-7f3a";
const redact = { options: create(FieldOptionsSchema, { debugRedact: true }) };

/** A message with a redacted field in every place where one can be. */
const service = serviceOf("t.Service", {
  package: "t",
  syntax: "proto3",
  messageType: [
    {
      name: "Account",
      field: [
        field("name", 1, Type.STRING),
        field("password", 2, Type.STRING, redact),
        field("key", 3, Type.BYTES),
        field("self", 4, ".t.Account"),
      ],
    },
    {
      name: "Request",
      field: [
        field("account", 1, ".t.Account"),
        field("accounts", 2, ".t.Account", { label: Label.REPEATED }),
        field("by_name", 3, ".t.Request.ByNameEntry", { label: Label.REPEATED }),
        field("secrets", 4, Type.STRING, { label: Label.REPEATED, ...redact }),
        field("chosen", 5, ".t.Account", { oneofIndex: 0 }),
        field("token", 6, Type.STRING, { oneofIndex: 0, ...redact }),
        field("hidden", 7, ".t.Account", redact),
        field("count", 8, Type.INT64),
        field("secret_map", 9, ".t.Request.SecretMapEntry", { label: Label.REPEATED, ...redact }),
      ],
      oneofDecl: [{ name: "choice" }],
      nestedType: [
        {
          name: "ByNameEntry",
          options: { mapEntry: true },
          field: [field("key", 1, Type.STRING), field("value", 2, ".t.Account")],
        },
        {
          name: "SecretMapEntry",
          options: { mapEntry: true },
          field: [field("key", 1, Type.STRING), field("value", 2, Type.STRING)],
        },
      ],
    },
  ],
  service: [{ name: "Service", method: [{ name: "Do", inputType: ".t.Request", outputType: ".t.Account" }] }],
});
const Request = service.method.do?.input as DescMessage;
const Account = service.method.do?.output as DescMessage;
const registry = createRegistry(Request, Account);

const account = { name: "Ada", password: secret, key: Buffer.from(secret) };

function render(init: object, desc: DescMessage = Request) {
  return renderRedacted(desc, create(desc, init as MessageInitShape<DescMessage>), registry);
}

describe("a redacted field", () => {
  const cases: readonly (readonly [string, object, unknown])[] = [
    ["of a message", { account }, { account: { name: "Ada", password: "[redacted]", key: "[11 bytes]" } }],
    ["deep down", { account: { self: { self: account } } }, { account: { self: { self: expect.anything() } } }],
    ["of a list", { accounts: [account] }, { accounts: [{ password: "[redacted]" }] }],
    ["of a map", { byName: { Ada: account } }, { by_name: { Ada: { password: "[redacted]" } } }],
    ["that is a list", { secrets: [secret, secret] }, { secrets: "[redacted]" }],
    ["that is a map", { secretMap: { [secret]: secret } }, { secret_map: "[redacted]" }],
    ["that is a message", { hidden: account }, { hidden: "[redacted]" }],
    ["of a oneof", { choice: { case: "token", value: secret } }, { token: "[redacted]" }],
    ["within a oneof", { choice: { case: "chosen", value: account } }, { chosen: { password: "[redacted]" } }],
  ];
  for (const [where, init, expected] of cases) {
    it(`${where} is not shown`, () => {
      const rendered = render(init);
      expect(rendered).toMatchObject(expected as object);
      expect(JSON.stringify(rendered)).not.toContain(secret);
    });
  }

  it("within an Any is not shown, nor is an Any of unknown type", () => {
    const value = toBinary(Account, create(Account, account as never));
    const any = create(AnySchema, { typeUrl: "type.googleapis.com/t.Account", value });
    expect(renderRedacted(AnySchema, any, registry)).toEqual({
      "@type": "type.googleapis.com/t.Account",
      value: { name: "Ada", password: "[redacted]", key: "[11 bytes]" },
    });
    const other = create(AnySchema, { typeUrl: "type.googleapis.com/t.Other", value });
    expect(renderRedacted(AnySchema, other, registry)).toEqual({ "@type": "type.googleapis.com/t.Other" });
    const broken = create(AnySchema, { typeUrl: "type.googleapis.com/t.Account", value: Buffer.from([0xff]) });
    expect(renderRedacted(AnySchema, broken, registry)).toEqual({ "@type": "type.googleapis.com/t.Account" });
    expect(file_google_protobuf_any.kind).toBe("file");
  });
});

/** A choice of which some values are nobody's business; one number has two names, and it is the other that says so. */
const choices = serviceOf("e.Service", {
  package: "e",
  syntax: "proto3",
  enumType: [
    {
      name: "Choice",
      options: { allowAlias: true },
      value: [
        { name: "UNKNOWN", number: 0, options: create(EnumValueOptionsSchema, { debugRedact: true }) },
        { name: "PLAIN", number: 1 },
        { name: "SECRET", number: 2, options: create(EnumValueOptionsSchema, { debugRedact: true }) },
        { name: "ALIAS", number: 3 },
        { name: "SECRET_ALIAS", number: 3, options: create(EnumValueOptionsSchema, { debugRedact: true }) },
      ],
    },
  ],
  messageType: [
    {
      name: "Choices",
      field: [
        field("one", 1, Type.ENUM, { typeName: ".e.Choice" }),
        field("list", 2, Type.ENUM, { typeName: ".e.Choice", label: Label.REPEATED }),
        field("map", 3, ".e.Choices.MapEntry", { label: Label.REPEATED }),
        field("chosen", 4, Type.ENUM, { typeName: ".e.Choice", oneofIndex: 0 }),
        field("inner", 5, ".e.Choices"),
      ],
      oneofDecl: [{ name: "choice" }],
      nestedType: [
        {
          name: "MapEntry",
          options: { mapEntry: true },
          field: [field("key", 1, Type.STRING), field("value", 2, Type.ENUM, { typeName: ".e.Choice" })],
        },
      ],
    },
  ],
  service: [{ name: "Service", method: [{ name: "Do", inputType: ".e.Choices", outputType: ".e.Choices" }] }],
});
const Choices = choices.method.do?.input as DescMessage;

describe("a redacted value of an enum", () => {
  const shown = (init: object) => render(init, Choices);
  it("is not shown in a field, a list, a map, a oneof, or deeper; the others are", () => {
    expect(shown({ one: 1 })).toEqual({ one: "PLAIN" });
    expect(shown({ one: 2 })).toEqual({ one: "[redacted]" });
    expect(shown({ one: 3 })).toEqual({ one: "[redacted]" });
    // Of a newer schema: it has no name here.
    expect(shown({ one: 77 })).toEqual({ one: 77 });
    expect(shown({ list: [0, 1, 2, 3] })).toEqual({ list: ["[redacted]", "PLAIN", "[redacted]", "[redacted]"] });
    expect(shown({ map: { a: 2, b: 1 } })).toEqual({ map: { a: "[redacted]", b: "PLAIN" } });
    expect(shown({ choice: { case: "chosen", value: 2 } })).toEqual({ chosen: "[redacted]" });
    expect(shown({ inner: { inner: { one: 2 } } })).toEqual({ inner: { inner: { one: "[redacted]" } } });
  });

  it("is not shown within an Any", () => {
    const value = toBinary(Choices, create(Choices, { one: 2, list: [1, 3] } as never));
    const any = create(AnySchema, { typeUrl: "type.googleapis.com/e.Choices", value });
    expect(renderRedacted(AnySchema, any, createRegistry(Choices))).toMatchObject({
      value: { one: "[redacted]", list: ["PLAIN", "[redacted]"] },
    });
  });
});

describe("what is shown", () => {
  it("is cut", () => {
    const rendered = render({ account: { name: "x".repeat(10_000) } }) as { account: { name: string } };
    expect(rendered.account.name).toBe(`${"x".repeat(256)}… [10000 characters]`);
  });

  it("has at most twenty items of a list, and of a map", () => {
    const accounts = Array.from({ length: 50 }, () => ({ name: "Ada" }));
    expect((render({ accounts }) as { accounts: unknown[] }).accounts).toHaveLength(21);
    const byName = Object.fromEntries(accounts.map((each, index) => [String(index), each]));
    expect(Object.keys((render({ byName }) as { by_name: object }).by_name)).toHaveLength(21);
  });

  it("goes twelve messages deep", () => {
    let deep: object = account;
    for (let n = 0; n < 50; n++) deep = { self: deep };
    expect(JSON.stringify(render({ account: deep }))).toContain("[too deep]");
  });

  it("has no unknown fields, and numbers that JSON can hold", () => {
    const unknown = create(Request, { count: 2n ** 60n } as never);
    unknown.$unknown = [{ no: 99, wireType: 2, data: Buffer.from(secret) }];
    expect(renderRedacted(Request, unknown, registry)).toEqual({ count: "1152921504606846976" });
  });
});

describe("a map", () => {
  it("whose keys are names of prototypes, or secrets, is shown like any other", () => {
    const byName = Object.create(null) as Record<string, unknown>;
    Object.defineProperty(byName, "__proto__", { value: account, enumerable: true });
    Object.defineProperty(byName, "constructor", { value: account, enumerable: true });
    byName["eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln"] = account;
    const rendered = JSON.stringify(render({ byName }));
    expect(rendered).toContain('"__proto__":{"name":"Ada"');
    expect(rendered).toContain('"[token removed]":{"name":"Ada"');
    expect(rendered).not.toContain(secret);
    expect(rendered).not.toContain("eyJ");
    expect(({} as Record<string, unknown>).name).toBeUndefined();
  });
});

describe("an Any", () => {
  it("is not decoded where that would cost more than the message did", () => {
    const value = Buffer.alloc(70_000, toBinary(Account, create(Account, { name: "Ada" } as never)));
    const any = create(AnySchema, { typeUrl: "type.googleapis.com/t.Account", value });
    expect(renderRedacted(AnySchema, any, registry)).toEqual({ "@type": "type.googleapis.com/t.Account" });
  });
});
