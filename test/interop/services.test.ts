import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BadRequestSchema, ErrorInfoSchema, errorDetail } from "../../src/error-details.js";
import { RpcError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { HealthService } from "../../src/health.js";
import { allow } from "../../src/interceptors/policy.js";
import { ReflectionService, ReflectionV1AlphaService } from "../../src/reflection.js";
import { Status } from "../../src/status.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { hasPythonGrpc, pemFiles, runPython } from "../helpers/python.js";

const services = [GreeterService, HealthService, ReflectionService, ReflectionV1AlphaService];

describe.skipIf(!hasPythonGrpc())("python3-grpcio (skipped when it is not installed)", () => {
  it("reads error details, health and reflection", { timeout: 60_000 }, async () => {
    const pair = new GreeterPair({
      server: { reflection: true, policy: services.map((service) => allow(service, clientId)) },
      implementation: {
        sayHello: ({ name }) => {
          if (name !== "details") return { greeting: `Hello, ${name}` };
          throw new RpcError(Status.INVALID_ARGUMENT, "the näme is wrong", {
            details: [
              errorDetail(BadRequestSchema, {
                fieldViolations: [{ field: "name", description: "is no näme", reason: "string.name" }],
              }),
              errorDetail(ErrorInfoSchema, { reason: "NO_NAME", domain: "hello.v1" }),
            ],
          });
        },
      },
    });
    pair.server.health.set("a job", "NOT_SERVING");
    await pair.server.listen(pair.target);
    const reflected = {
      services: services.map(({ typeName }) => typeName),
      missing: Status.NOT_FOUND,
      greeting: "Hello, Ada",
    };
    expect(
      await runPython(join(import.meta.dirname, "services_client.py"), [pair.target, ...pemFiles(pair, clientId)]),
    ).toEqual({
      v1: reflected,
      v1alpha: reflected,
      details: {
        code: "INVALID_ARGUMENT",
        message: "the näme is wrong",
        types: ["type.googleapis.com/google.rpc.BadRequest", "type.googleapis.com/google.rpc.ErrorInfo"],
        violation: ["name", "is no näme", "string.name"],
        reason: "NO_NAME",
      },
      health: {
        server: "SERVING",
        greeter: "SERVING",
        unknown: "NOT_FOUND",
        watch: "SERVING",
        watchUnknown: "SERVICE_UNKNOWN",
        list: {
          "a job": "NOT_SERVING",
          "": "SERVING",
          ...Object.fromEntries(services.map((it) => [it.typeName, "SERVING"])),
        },
      },
    });
  });
});
