import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { nearest } from "../../command-line/nearest.js";
import { ConfigError } from "../../errors.js";
import { quote } from "../../identity/quote.js";
import { splitMethod } from "./find-in.js";
import type { Described, Schema } from "./schema.js";

/**
 * The method somebody means: `package.Service/Method`, or as much of the end of it as leaves one (`Service/Method`).
 *
 * @throws ConfigError ERR_UNKNOWN_NAME with the nearest names, ERR_AMBIGUOUS_NAME with all that fit
 */
export async function lookUpMethod(schema: Schema, name: string): Promise<DescMethod> {
  const [serviceName, methodName] = splitMethod(name);
  if (methodName === undefined || serviceName === "") {
    throw new ConfigError(
      "ERR_UNKNOWN_NAME",
      `${quote(name)} is not the name of a method`,
      "write package.Service/Method",
    );
  }
  const service = await lookUpService(schema, serviceName);
  const method = service.methods.find((each) => each.name === methodName);
  if (method !== undefined) return method;
  const names = service.methods.map((each) => each.name);
  throw unknown(`service ${service.typeName} has no method ${quote(methodName)}`, methodName, names);
}

/** @throws ConfigError ERR_UNKNOWN_NAME, ERR_AMBIGUOUS_NAME */
export async function lookUpService(schema: Schema, name: string): Promise<DescService> {
  const found = await schema.find(name);
  if (found?.kind === "service") return found;
  const names = await schema.serviceNames();
  const fitting = endingWith(names, name);
  if (fitting.length > 1) throw ambiguous(name, fitting);
  const only = fitting[0] === undefined ? undefined : await schema.find(fitting[0]);
  if (only?.kind === "service") return only;
  throw unknown(`there is no service ${quote(name)}`, name, names);
}

/**
 * A service, method, message, enum or extension by its name; the short forms of a service and its methods are taken too.
 *
 * @throws ConfigError ERR_UNKNOWN_NAME, ERR_AMBIGUOUS_NAME
 */
export async function lookUp(schema: Schema, name: string): Promise<Described> {
  const exact = await schema.find(name.replace(/^[./]/, ""));
  if (exact !== undefined) return exact;
  if (splitMethod(name)[1] !== undefined) return lookUpMethod(schema, name);
  const services = await schema.serviceNames();
  const names = [...new Set([...services, ...[...schema.registry].map(({ typeName }) => typeName)])];
  const fitting = endingWith(names, name);
  if (fitting.length > 1) throw ambiguous(name, fitting);
  const only = fitting[0] === undefined ? undefined : await schema.find(fitting[0]);
  if (only !== undefined) return only;
  throw unknown(`nothing in the schema is named ${quote(name)}`, name, names);
}

function endingWith(names: readonly string[], end: string): string[] {
  return names.filter((name) => name === end || name.endsWith(`.${end}`));
}

function unknown(problem: string, name: string, names: readonly string[]): ConfigError {
  const near = nearest(name, names);
  const hint = near.length > 0 ? `did you mean ${near.join(", ")}?` : "pinwire list shows what there is";
  return new ConfigError("ERR_UNKNOWN_NAME", problem, hint);
}

function ambiguous(name: string, fitting: readonly string[]): ConfigError {
  return new ConfigError(
    "ERR_AMBIGUOUS_NAME",
    `${quote(name)} may be ${fitting.slice(0, 10).join(" or ")}`,
    "write the full name",
  );
}
