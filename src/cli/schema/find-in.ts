import type { Registry } from "@bufbuild/protobuf";
import type { Described } from "./schema.js";

/** What has this full name in a registry; a method is named `package.Service/Method`. */
export function findIn(registry: Registry, name: string): Described | undefined {
  const [service = "", method] = splitMethod(name);
  if (method !== undefined) return registry.getService(service)?.methods.find((each) => each.name === method);
  return registry.get(name);
}

/** `package.Service/Method`, also with a slash before it, as in a path of gRPC. */
export function splitMethod(name: string): [service: string, method?: string] {
  const slash = name.lastIndexOf("/");
  return slash <= 0 ? [name] : [name.slice(name.startsWith("/") ? 1 : 0, slash), name.slice(slash + 1)];
}
