import type { AnyDesc, DescMethod, Registry } from "@bufbuild/protobuf";

/** What can be called or described: from files, from a directory of `.proto` files, or from the server itself. */
export interface Schema {
  /** Full names of the services there are, sorted. @throws ConfigError, RpcError */
  serviceNames(): Promise<readonly string[]>;
  /** Whatever has this full name: a service, message, enum, extension, or a method as `package.Service/Method`. */
  find(name: string): Promise<Described | undefined>;
  /** Makes the types of these names known to `registry`, as far as there are any. */
  learn(typeNames: readonly string[]): Promise<void>;
  /** The types known by now; what `google.protobuf.Any` is read and written with. */
  readonly registry: Registry;
}

export type Described = Exclude<AnyDesc, { kind: "file" | "field" | "oneof" | "enum_value" }> | DescMethod;
