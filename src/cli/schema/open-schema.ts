import { CommandLineError } from "../../command-line/arguments.js";
import type { OptionSpecs } from "../../command-line/command-spec.js";
import type { Schema } from "./schema.js";

/** Where a command has its schema from. */
export const schemaOptions = {
  proto: { kind: "value", value: "DIR", help: "the schema: .proto files, compiled by buf" },
  descriptor: { kind: "value", value: "FILE", help: "the schema: descriptors written by buf build or protoc" },
} as const satisfies OptionSpecs;

export interface SchemaOptions {
  readonly proto: string | undefined;
  readonly descriptor: string | undefined;
}

/** The schema of files; undefined when the options name none. @throws ConfigError, CommandLineError */
export async function openSchema(options: SchemaOptions, env: NodeJS.ProcessEnv): Promise<Schema | undefined> {
  const { proto, descriptor } = options;
  if (proto !== undefined && descriptor !== undefined) {
    throw new CommandLineError("--proto and --descriptor exclude each other", "give the one that is newer");
  }
  if (descriptor !== undefined) return (await import("./descriptor-file.js")).readDescriptorFile(descriptor);
  if (proto !== undefined) return (await import("./proto-directory.js")).compileProtoDirectory(proto, env);
  return undefined;
}
