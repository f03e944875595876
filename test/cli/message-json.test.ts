import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { messageJson } from "../../src/cli/calling/message-json.js";
import type { Schema } from "../../src/cli/schema/schema.js";
import { Library, layOutLibrary } from "../helpers/library.js";
import { tempDirectory } from "../helpers/temp-directory.js";

function world() {
  const library = new Library(layOutLibrary(tempDirectory()));
  const response = library.message("LendResponse");
  const show = (init: object, schema: Schema = library.schema) =>
    messageJson(response, create(response, init as MessageInitShape<typeof response>), { schema, emitDefaults: false });
  return { library, response, show };
}

const text = (value: string) => anyPack(StringValueSchema, create(StringValueSchema, { value }));
const unknown = (name: string): Any =>
  create(AnySchema, { typeUrl: `t.example/${name}`, value: new Uint8Array([0, 255]) });

describe("messageJson()", () => {
  it("shows known types in google.protobuf.Any, wherever it stands", async () => {
    const { show, response } = world();
    const inner = anyPack(response, create(response, { book: text("inner") } as never));
    expect(await show({ book: text("a"), more: [inner], named: { b: text("b") }, next: { book: text("c") } })).toEqual({
      book: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "a" },
      more: [
        {
          "@type": "type.googleapis.com/library.v1.LendResponse",
          book: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "inner" },
        },
      ],
      named: { b: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "b" } },
      next: { book: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "c" } },
    });
  });

  it("shows unknown types as their bytes, and keeps the rest", async () => {
    const { show, response } = world();
    const inner = anyPack(response, create(response, { book: unknown("x.Inner") } as never));
    const init = { book: unknown("x.Y"), more: [unknown("x.Y"), create(AnySchema), inner], day: { seconds: 1n } };
    expect(await show(init)).toEqual({
      book: { "@type": "t.example/x.Y", value: "AP8=" },
      more: [
        { "@type": "t.example/x.Y", value: "AP8=" },
        {},
        {
          "@type": "type.googleapis.com/library.v1.LendResponse",
          book: { "@type": "t.example/x.Inner", value: "AP8=" },
        },
      ],
      day: "1970-01-01T00:00:01Z",
    });
  });

  it("asks the schema once for a type it does not know yet, and goes on when that fails", async () => {
    const { show, library } = world();
    const asked: string[] = [];
    const learn = async (names: readonly string[]) => {
      asked.push(...names);
      throw new Error("the server left");
    };
    const schema: Schema = {
      registry: library.schema.registry,
      find: async () => undefined,
      serviceNames: async () => [],
      learn,
    };
    expect(await show({ more: [unknown("x.Y"), unknown("x.Y")] }, schema)).toMatchObject({ more: [{}, {}] });
    expect(asked).toEqual(["x.Y"]);
  });

  it("says so when a value has no JSON form", async () => {
    const { show } = world();
    const malformed = create(AnySchema, { typeUrl: "t/google.protobuf.StringValue", value: new Uint8Array([255]) });
    for (const init of [{ day: { seconds: 10n ** 15n } }, { book: malformed }]) {
      await expect(show(init)).rejects.toMatchObject({
        name: "RpcError",
        code: "ERR_MESSAGE_MALFORMED",
        message: expect.stringContaining("the response has no JSON form: "),
      });
    }
  });

  it("does not follow google.protobuf.Any in itself without end", async () => {
    const { show } = world();
    let any = text("deep");
    for (let i = 0; i < 40; i++) any = anyPack(AnySchema, any);
    await expect(show({ book: any })).rejects.toThrow("the response has no JSON form: it is nested too deep");
  });
});
