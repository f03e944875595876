import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import type { SourceCodeInfo_Location } from "@bufbuild/protobuf/wkt";
import {
  FileDescriptorProtoSchema,
  MethodDescriptorProtoSchema,
  ServiceDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { sourcePath } from "./source-path.js";

/** Where something stands in a `.proto`, counted from one as editors do. Without a line when the descriptor has none. */
export interface SourcePosition {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

const dependencies = FileDescriptorProtoSchema.field.dependency.number;
const serviceOptions = ServiceDescriptorProtoSchema.field.options.number;
const methodOptions = MethodDescriptorProtoSchema.field.options.number;

/** The positions and comments of one file, by path (descriptor.proto, SourceCodeInfo). Read once, so that a file of any length costs what it is long. */
export class SourcePositions {
  readonly #fileName: string;
  readonly #locations = new Map<string, SourceCodeInfo_Location>();

  constructor(file: DescFile["proto"]) {
    this.#fileName = file.name;
    for (const location of file.sourceCodeInfo?.location ?? []) {
      const key = location.path.join();
      // An option that is set field by field has several locations; the first is where a reader begins.
      if (!this.#locations.has(key)) this.#locations.set(key, location);
    }
  }

  ofService(service: DescService): SourcePosition {
    return this.#first(sourcePath(service));
  }

  ofMethod(method: DescMethod): SourcePosition {
    return this.#first(sourcePath(method));
  }

  /** The option of the service, or what is nearest. */
  ofServiceOption(service: DescService, option: number): SourcePosition {
    return this.#first([...sourcePath(service), serviceOptions, option], sourcePath(service));
  }

  /** The option of the method; where it has none, that of its service; where there is neither, the method. */
  ofMethodOption(method: DescMethod, option: number): SourcePosition {
    return this.#first(
      [...sourcePath(method), methodOptions, option],
      [...sourcePath(method.parent), serviceOptions, option],
      sourcePath(method),
    );
  }

  ofImport(index: number): SourcePosition {
    return this.#first([dependencies, index]);
  }

  /** What the author wrote above it and behind it, without the marks of the comment. */
  commentOn(element: DescService | DescMethod): string {
    const location = this.#locations.get(sourcePath(element).join());
    return [location?.leadingComments, location?.trailingComments].filter(Boolean).map(plainText).join("\n\n");
  }

  #first(...paths: readonly (readonly number[])[]): SourcePosition {
    for (const path of paths) {
      const [line, column] = this.#find(path)?.span ?? [];
      if (line !== undefined && column !== undefined)
        return { file: this.#fileName, line: line + 1, column: column + 1 };
    }
    return { file: this.#fileName };
  }

  /** `option (x).a = 1` has a location of its own below the path of the option. */
  #find(path: readonly number[]): SourceCodeInfo_Location | undefined {
    const key = path.join();
    const exact = this.#locations.get(key);
    if (exact !== undefined) return exact;
    for (const [each, location] of this.#locations) if (each.startsWith(`${key},`)) return location;
    return undefined;
  }
}

function plainText(comment = ""): string {
  return (
    comment
      .replace(/\r\n|[\r\u2028\u2029]/g, "\n")
      .split("\n")
      .map((line) => line.replace(/^ /, "").trimEnd())
      .join("\n")
      // What is left of `/**`.
      .replace(/^\*\n/, "")
      .replace(/^\n+|\n+$/g, "")
  );
}
