import { create, createRegistry, type FileRegistry, fromBinary, type Registry } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ConfigError, RpcError } from "../../errors.js";
import { quote } from "../../identity/quote.js";
import { Status } from "../../status.js";
import type { Reflection } from "./ask-reflection.js";
import { registryOf } from "./file-schema.js";
import { findIn, splitMethod } from "./find-in.js";
import type { Described, Schema } from "./schema.js";
import { wellKnownFiles } from "./well-known-files.js";

/** What a server may make us hold; the largest schemas people have are below a tenth of it. */
const limits = { files: 10_000, bytes: 64 * 1024 * 1024 };
const origin = "what the server says of itself";

/** The schema of a server that describes itself, fetched as far as it is needed. */
export class ReflectedSchema implements Schema {
  readonly #reflection: Pick<Reflection, "ask">;
  readonly #files = new Map<string, FileDescriptorProto>();
  #bytes = 0;
  #registry: FileRegistry | undefined;

  constructor(reflection: Pick<Reflection, "ask">) {
    this.#reflection = reflection;
  }

  get registry(): Registry {
    return this.#registry ?? createRegistry();
  }

  async serviceNames(): Promise<readonly string[]> {
    const answer = await this.#reflection.ask({ case: "listServices", value: "" });
    if (answer?.case !== "listServicesResponse") throw unexpected("a list of services", answer?.case);
    return answer.value.service.map(({ name }) => name).sort();
  }

  async find(name: string): Promise<Described | undefined> {
    const [symbol] = splitMethod(name);
    if (findIn(this.registry, symbol) === undefined) await this.#learnSymbol(symbol);
    return findIn(this.registry, name);
  }

  async learn(typeNames: readonly string[]): Promise<void> {
    for (const name of typeNames) await this.find(name);
  }

  async #learnSymbol(symbol: string): Promise<void> {
    const answer = await this.#reflection.ask({ case: "fileContainingSymbol", value: symbol });
    if (answer === undefined) return;
    const added = this.#take(answer);
    for (const name of added) await this.#fetchImports(name);
    this.#registry = registryOf(create(FileDescriptorSetSchema, { file: importsFirst(this.#files) }), origin);
  }

  async #fetchImports(name: string): Promise<void> {
    const missing = [...(this.#files.get(name)?.dependency ?? [])];
    for (let path = missing.pop(); path !== undefined; path = missing.pop()) {
      if (this.#files.has(path)) continue;
      const answer = await this.#reflection.ask({ case: "fileByFilename", value: path });
      const added = answer === undefined ? this.#takeWellKnown(path) : this.#take(answer);
      if (!this.#files.has(path)) throw incomplete(`it does not have ${quote(path)}, which ${quote(name)} imports`);
      missing.push(...added.flatMap((file) => this.#files.get(file)?.dependency ?? []));
    }
  }

  #takeWellKnown(path: string): string[] {
    const file = wellKnownFiles.get(path);
    if (file === undefined) return [];
    this.#files.set(path, file);
    return [path];
  }

  /** @returns the names of the files that are new */
  #take(answer: { readonly case: string | undefined; readonly value?: unknown }): string[] {
    if (answer.case !== "fileDescriptorResponse") throw unexpected("a file", answer.case);
    const { fileDescriptorProto } = answer.value as { fileDescriptorProto: Uint8Array[] };
    const files = fileDescriptorProto.map((bytes) => this.#parse(bytes)).filter(({ name }) => !this.#files.has(name));
    for (const file of files) this.#files.set(file.name, file);
    if (this.#files.size > limits.files) throw incomplete(`it has more than ${limits.files} files`);
    return files.map(({ name }) => name);
  }

  #parse(bytes: Uint8Array): FileDescriptorProto {
    this.#bytes += bytes.length;
    if (this.#bytes > limits.bytes) throw incomplete(`it has more than ${limits.bytes} bytes`);
    try {
      return fromBinary(FileDescriptorProtoSchema, bytes);
    } catch (cause) {
      throw incomplete("one of its files is not a FileDescriptorProto", cause);
    }
  }
}

/** Each file after those it imports; one that imports itself, by whatever way, is left where it stands and found later. */
function importsFirst(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const sorted = new Set<FileDescriptorProto>();
  const begun = new Set<string>();
  const stack = [...files.keys()];
  for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
    const file = files.get(name);
    const waitsFor = begun.has(name) ? [] : (file?.dependency ?? []).filter((each) => !begun.has(each));
    begun.add(name);
    if (waitsFor.length > 0) {
      stack.push(...waitsFor);
      continue;
    }
    stack.pop();
    if (file !== undefined) sorted.add(file);
  }
  return [...sorted];
}

function unexpected(wanted: string, got: string | undefined): RpcError {
  return new RpcError(Status.INTERNAL, `reflection was asked for ${wanted} and answered with ${got ?? "nothing"}`);
}

function incomplete(reason: string, cause?: unknown): ConfigError {
  return new ConfigError(
    "ERR_SCHEMA_INCOMPLETE",
    `${origin} is not a complete schema: ${reason}`,
    "pass --proto DIR or --descriptor FILE",
    { cause },
  );
}
