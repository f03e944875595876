import type { DescService } from "@bufbuild/protobuf";
import { checkKeys } from "../check-option.js";
import { UsageError } from "../errors.js";
import type { MethodContracts } from "../rpc/generated-contracts.js";
import type { Implementation } from "../rpc/implementation.js";
import type { AnyHandler } from "../rpc/server-method.js";

/** What the code that `protoc-gen-pinwire` writes knows of a service beyond its implementation. */
export interface ServiceOptions<S extends DescService = DescService> {
  /** The generated table. Without it the same is read from the descriptor. */
  readonly contracts?: MethodContracts<S>;
}

/** An implementation whose functions were checked against its service. */
export type AnyImplementation = Readonly<Record<string, AnyHandler>>;

/** What an application has its server serve. */
export class RegisteredServices {
  readonly implementations = new Map<DescService, AnyImplementation>();
  readonly contracts = new Map<DescService, MethodContracts>();

  /** @throws UsageError ERR_SERVICE_REGISTERED_TWICE, ERR_HANDLER_MISSING, ERR_HANDLER_UNKNOWN, ERR_INVALID_OPTION */
  add<S extends DescService>(service: S, implementation: Implementation<S>, options: ServiceOptions<S>): void {
    checkKeys("service()", options, ["contracts"]);
    for (const { typeName } of this.implementations.keys()) {
      if (typeName === service.typeName) {
        throw new UsageError("ERR_SERVICE_REGISTERED_TWICE", `${typeName} has already been added to this server`);
      }
    }
    checkHandlers(service, implementation);
    this.implementations.set(service, implementation as AnyImplementation);
    if (options.contracts !== undefined) this.contracts.set(service, options.contracts);
  }
}

function checkHandlers(service: DescService, implementation: object): void {
  const handlers = new Map<string, unknown>();
  // Methods of a class live on its prototype.
  for (const { localName } of service.methods) handlers.set(localName, Reflect.get(implementation, localName));
  for (const [name, handler] of handlers) {
    if (typeof handler === "function") continue;
    throw new UsageError(
      "ERR_HANDLER_MISSING",
      `${service.typeName} has a method ${name}(), but the implementation has none`,
    );
  }
  for (const name of Object.keys(implementation)) {
    if (handlers.has(name) || typeof Reflect.get(implementation, name) !== "function") continue;
    throw new UsageError(
      "ERR_HANDLER_UNKNOWN",
      `the implementation has ${name}(), but ${service.typeName} has no such method`,
    );
  }
}
