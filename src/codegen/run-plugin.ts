import type { Readable, Writable } from "node:stream";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { ConfigError } from "../errors.js";
import { version } from "../version.js";

export interface PluginStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/**
 * What buf and protoc run: a request on stdin, a response on stdout (plugin.proto). What is wrong with a `.proto` or an option
 * goes into the response, which the compiler shows; what is wrong with the installation goes to stderr.
 *
 * @returns the exit code
 */
export async function runPlugin(args: readonly string[], streams: PluginStreams): Promise<number> {
  const plugin = await loadPlugin().catch((error: unknown) => installation(error));
  if (typeof plugin === "string") return fail(streams, plugin);
  if (args.length === 1 && args[0] === "--version") {
    streams.stdout.write(`protoc-gen-pinwire v${version()}\n`);
    return 0;
  }
  if (args.length > 0 || ("isTTY" in streams.stdin && streams.stdin.isTTY === true)) {
    return fail(streams, "buf runs this program\nhint: name it in buf.gen.yaml, as docs/codegen.md shows");
  }
  const request = decoded(await readAll(streams.stdin));
  if (request === undefined) {
    return fail(streams, "what came on stdin is no request of a compiler\nhint: name it in buf.gen.yaml");
  }
  let response = create(CodeGeneratorResponseSchema);
  try {
    response = plugin.generate(request, `v${version()}`);
  } catch (error) {
    response.error = explanation(error);
  }
  const bytes = toBinary(CodeGeneratorResponseSchema, response);
  await new Promise((resolve) => streams.stdout.write(bytes, resolve));
  return 0;
}

function decoded(bytes: Uint8Array): CodeGeneratorRequest | undefined {
  try {
    return fromBinary(CodeGeneratorRequestSchema, bytes);
  } catch {
    return undefined;
  }
}

const loadPlugin = () => import("./plugin.js");

/** The packages that only users of the generator need are not installed with pinwire. */
function installation(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes("'@bufbuild/protoplugin'")) throw error;
  return "@bufbuild/protoplugin is not installed\nhint: npm install --save-dev @bufbuild/protoplugin";
}

function explanation(error: unknown): string {
  if (error instanceof ConfigError) return `${error.code}\n${error.problem}\nhint: ${error.hint}`;
  // What is no ConfigError is protoplugin's word about an option or a file.
  return error instanceof Error ? error.message : String(error);
}

function fail(streams: PluginStreams, text: string): number {
  streams.stderr.write(`protoc-gen-pinwire: error: ${text}\n`);
  return 1;
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
