import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type MethodContract, methodContract } from "../../rpc/method-contract.js";
import { commentsOn } from "./comments.js";
import { indent } from "./describe-message.js";
import type { Description } from "./description.js";

/** A service with its methods, and what the schema says about who may call them and how. */
export function describeService(service: DescService): Description {
  const methods = service.methods.map(describeMethod);
  return {
    json: { kind: "service", name: service.typeName, methods: methods.map(({ json }) => json) },
    lines: [
      ...commentsOn(service),
      `service ${service.typeName} {`,
      ...methods.flatMap(({ lines }, index) => indent(index === 0 ? lines : ["", ...lines])),
      "}",
    ],
  };
}

export function describeMethod(method: DescMethod): Description {
  const { name, input, output, methodKind, deprecated } = method;
  const contract = methodContract(method);
  const [sends, receives] = [/client|bidi/.test(methodKind), /server|bidi/.test(methodKind)].map((isStream) =>
    isStream ? "stream " : "",
  );
  return {
    json: { kind: "method", input: input.typeName, output: output.typeName, deprecated, contract },
    lines: [
      ...commentsOn(method),
      ...contractLines(contract),
      `rpc ${name}(${sends}${input.typeName}) returns (${receives}${output.typeName});`,
    ],
  };
}

/** What is said; the words are those of docs/schema-policy.md. */
function contractLines(contract: MethodContract): string[] {
  const { rateLimit, idempotency } = contract;
  const said: Record<string, string | number | undefined> = {
    idempotency: idempotency === "unknown" ? undefined : idempotency,
    roles: contract.roles.join(", ") || undefined,
    "required scopes": contract.requiredScopes.join(", ") || undefined,
    "default timeout": withUnit(contract.defaultTimeoutMs, "ms"),
    "max timeout": withUnit(contract.maxTimeoutMs, "ms"),
    "rate limit": rateLimit && `${rateLimit.perSecond} a second, burst ${rateLimit.burst}`,
    "max concurrent calls": contract.maxConcurrentCalls,
    "max request": withUnit(contract.maxRequestBytes, "bytes"),
    "max response": withUnit(contract.maxResponseBytes, "bytes"),
    audit: contract.audit,
    redacted: contract.redacted.join(", ") || undefined,
  };
  return Object.entries(said).flatMap(([what, value]) => (value === undefined ? [] : [`// ${what}: ${value}`]));
}

function withUnit(value: number | undefined, unit: string): string | undefined {
  return value === undefined ? undefined : `${value} ${unit}`;
}
