import { create, createFileRegistry, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { HealthService } from "../../src/health.js";
import { allow, type PolicyRule } from "../../src/interceptors/policy.js";
import {
  ReflectionService,
  ReflectionV1AlphaService,
  type ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "../../src/reflection.js";
import type { ServerSettings } from "../../src/server/server-options.js";
import { Status } from "../../src/status.js";
import { collect, failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

/** proto2, with an import that nobody registers and everything that has a name. */
const library = create(FileDescriptorSetSchema, {
  file: [
    {
      name: "base.proto",
      package: "base",
      syntax: "proto2",
      messageType: [{ name: "Open", extensionRange: [{ start: 100, end: 200 }] }],
    },
    {
      name: "library.proto",
      package: "library",
      syntax: "proto2",
      dependency: ["base.proto"],
      messageType: [
        {
          name: "Book",
          field: [{ name: "title", number: 1, type: Type.STRING, label: Label.OPTIONAL, oneofIndex: 0 }],
          oneofDecl: [{ name: "name" }],
          nestedType: [{ name: "Page" }],
          enumType: [{ name: "Kind", value: [{ name: "NOVEL", number: 0 }] }],
        },
      ],
      extension: [103, 101].map((number) => ({
        name: `note${number}`,
        number,
        type: Type.STRING,
        label: Label.OPTIONAL,
        extendee: ".base.Open",
      })),
      service: [{ name: "Library", method: [{ name: "Lend", inputType: ".base.Open", outputType: ".library.Book" }] }],
    },
  ],
});
const libraryService = createFileRegistry(library).getService("library.Library");
if (libraryService === undefined) throw new Error("the library has a service");

const allowed: readonly PolicyRule[] = [
  allow(GreeterService, clientId),
  allow(ReflectionService, clientId),
  allow(ReflectionV1AlphaService, clientId),
];

type Clients = Awaited<ReturnType<typeof start>>;

async function start(server: Partial<ServerSettings> = { reflection: true }) {
  const pair = new GreeterPair({ server: { policy: allowed, ...server } });
  if (libraryService !== undefined) pair.server.service(libraryService, { lend: () => ({}) } as never);
  await pair.server.listen(pair.target);
  return { v1: pair.clientOf(ReflectionService), v1alpha: pair.clientOf(ReflectionV1AlphaService) };
}

type Question = MessageInitShape<typeof ServerReflectionRequestSchema>;
type Answer = ServerReflectionResponse["messageResponse"];

describe.each(["v1", "v1alpha"] as const)("grpc.reflection.%s.ServerReflection", (version) => {
  async function ask(...questions: NonNullable<Question["messageRequest"]>[]) {
    const clients = await start();
    const requests = questions.map((messageRequest) => ({ host: "here", messageRequest }));
    // The messages of the two versions are the same but for their names.
    const client = clients[version] as Clients["v1"];
    const answers = await collect(client.serverReflectionInfo(requests));
    for (const [i, { validHost, originalRequest }] of answers.entries()) {
      expect(validHost).toBe("here");
      expect(originalRequest?.messageRequest?.case).toBe(questions[i]?.case);
    }
    return answers.map(({ messageResponse }) => messageResponse);
  }

  it("lists the services, itself too", async () => {
    const [answer] = await ask({ case: "listServices", value: "" });
    const names = answer?.case === "listServicesResponse" ? answer.value.service.map(({ name }) => name) : [];
    expect(names).toEqual([
      GreeterService.typeName,
      "library.Library",
      HealthService.typeName,
      ReflectionService.typeName,
      ReflectionV1AlphaService.typeName,
    ]);
  });

  it("gives a file and what it imports, as it was registered", async () => {
    const answers = await ask(
      { case: "fileByFilename", value: "library.proto" },
      { case: "fileByFilename", value: "base.proto" },
    );
    expect(filesOf(answers[0])).toEqual([library.file[1], library.file[0]]);
    expect(filesOf(answers[1])).toEqual([library.file[0]]);
  });

  it.each([
    "library.Library",
    "library.Library.Lend",
    "library.Book",
    "library.Book.title",
    "library.Book.name",
    "library.Book.Page",
    "library.Book.Kind",
    "library.Book.NOVEL",
    "library.note101",
  ])("finds the file of %s", async (value) => {
    const [answer] = await ask({ case: "fileContainingSymbol", value });
    expect(filesOf(answer).map(({ name }) => name)).toEqual(["library.proto", "base.proto"]);
  });

  it("finds extensions", async () => {
    const [file, numbers, none] = await ask(
      { case: "fileContainingExtension", value: { containingType: "base.Open", extensionNumber: 101 } as never },
      { case: "allExtensionNumbersOfType", value: "base.Open" },
      { case: "allExtensionNumbersOfType", value: "library.Book" },
    );
    expect(filesOf(file).map(({ name }) => name)).toEqual(["library.proto", "base.proto"]);
    expect(numbers).toMatchObject({
      case: "allExtensionNumbersResponse",
      value: { baseTypeName: "base.Open", extensionNumber: [103, 101] },
    });
    expect(none).toMatchObject({ value: { baseTypeName: "library.Book", extensionNumber: [] } });
  });

  it("says of what it does not have that it is not there, and goes on", async () => {
    const answers = await ask(
      { case: "fileByFilename", value: "google/rpc/status.proto" },
      { case: "fileContainingSymbol", value: "google.rpc.Status" },
      { case: "fileContainingSymbol", value: "" },
      { case: "fileContainingExtension", value: { containingType: "base.Open", extensionNumber: 102 } as never },
      { case: "allExtensionNumbersOfType", value: "base.Closed" },
      { case: undefined } as never,
      { case: "listServices", value: "" },
    );
    expect(answers.slice(0, 5)).toEqual(
      Array(5).fill({ case: "errorResponse", value: expect.objectContaining({ errorCode: Status.NOT_FOUND }) }),
    );
    expect(answers[5]).toMatchObject({ case: "errorResponse", value: { errorCode: Status.INVALID_ARGUMENT } });
    expect(answers[6]?.case).toBe("listServicesResponse");
  });
});

describe("reflection", () => {
  const question = [{ messageRequest: { case: "listServices" as const, value: "" } }];

  it("is off unless it is switched on", async () => {
    const { v1, v1alpha } = await start({});
    for (const call of [v1.serverReflectionInfo(question), v1alpha.serverReflectionInfo(question)]) {
      expect(await failure(call)).toMatchObject({ status: Status.UNIMPLEMENTED });
    }
  });

  it("is for nobody whom the policy does not allow it", async () => {
    const { v1, v1alpha } = await start({ reflection: true, policy: [allow(GreeterService, clientId)] });
    for (const call of [v1.serverReflectionInfo(question), v1alpha.serverReflectionInfo(question)]) {
      expect(await failure(call)).toMatchObject({ status: Status.PERMISSION_DENIED });
    }
  });

  it("is switched on with true and nothing like it", () => {
    expect(() => new GreeterPair({ server: { reflection: "yes" as never } })).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_OPTION", message: "reflection must be true or false, not yes" }),
    );
  });
});

function filesOf(answer: Answer | undefined): FileDescriptorProto[] {
  if (answer?.case !== "fileDescriptorResponse") throw new Error(`an answer of another kind: ${answer?.case}`);
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}
