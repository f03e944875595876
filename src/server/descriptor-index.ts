import { type DescFile, type DescMessage, type DescService, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { withImports } from "../rpc/with-imports.js";

/** The files that declare some services, with all that these import, and where in them each name is declared. */
export class DescriptorIndex {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #messages = new Set<string>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();
  readonly #encoded = new WeakMap<DescFile, Uint8Array>();

  constructor(services: Iterable<DescService>) {
    for (const { file } of services) this.#add(file);
  }

  /** @param name as in an import: `hello/v1/greeter.proto` */
  file(name: string): DescFile | undefined {
    return this.#files.get(name);
  }

  /** @param name the full name of a service, method, message, field, oneof, enum, enum value or extension */
  fileOf(name: string): DescFile | undefined {
    return this.#symbols.get(name);
  }

  fileOfExtension(messageName: string, number: number): DescFile | undefined {
    return this.#extensions.get(messageName)?.get(number);
  }

  /** The numbers of the extensions of a message; undefined when there is no such message. */
  extensionsOf(messageName: string): number[] | undefined {
    if (!this.#messages.has(messageName)) return undefined;
    return [...(this.#extensions.get(messageName)?.keys() ?? [])];
  }

  /** A file and all that it imports, each once and as an encoded `google.protobuf.FileDescriptorProto`. */
  encoded(file: DescFile): Uint8Array[] {
    return [...withImports(file)].map((each) => this.#encode(each));
  }

  #encode(file: DescFile): Uint8Array {
    let bytes = this.#encoded.get(file);
    if (bytes === undefined) {
      bytes = toBinary(FileDescriptorProtoSchema, file.proto);
      this.#encoded.set(file, bytes);
    }
    return bytes;
  }

  #add(file: DescFile): void {
    const { name } = file.proto;
    if (this.#files.has(name)) return;
    this.#files.set(name, file);
    for (const type of nestedTypes(file)) {
      this.#symbols.set(type.typeName, file);
      if (type.kind === "message") this.#addMembers(type);
      else if (type.kind === "enum") {
        // The values of an enum are named in the scope around it.
        const scope = type.typeName.slice(0, type.typeName.lastIndexOf(".") + 1);
        for (const value of type.values) this.#symbols.set(scope + value.name, file);
      } else if (type.kind === "service") {
        for (const method of type.methods) this.#symbols.set(`${type.typeName}.${method.name}`, file);
      } else {
        const numbers = this.#extensions.get(type.extendee.typeName) ?? new Map<number, DescFile>();
        this.#extensions.set(type.extendee.typeName, numbers.set(type.number, file));
      }
    }
    for (const dependency of file.dependencies) this.#add(dependency);
  }

  #addMembers({ typeName, file, fields, oneofs }: DescMessage): void {
    this.#messages.add(typeName);
    for (const { name } of [...fields, ...oneofs]) this.#symbols.set(`${typeName}.${name}`, file);
  }
}
