// The services that other gRPC stacks look for, and what they read of errors, seen by gRPC's C core (python3-grpcio).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
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
import { hasPythonGrpc, python } from "../helpers/python.js";
import { tempDirectory } from "../helpers/temp-directory.js";

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
    expect(await runClient(pair)).toEqual({
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

async function runClient(pair: GreeterPair): Promise<unknown> {
  const script = join(import.meta.dirname, "services_client.py");
  const child = spawn(python, [script, pair.target, ...writeFiles(pair)]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const [status] = await once(child, "close");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

function writeFiles(pair: GreeterPair): string[] {
  const dir = tempDirectory();
  const { pem, keyPem } = pair.world.leaf(clientId);
  const files = { "ca.pem": pair.world.ca.pem, "cert.pem": pem, "key.pem": keyPem };
  return Object.entries(files).map(([name, text]) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  });
}
