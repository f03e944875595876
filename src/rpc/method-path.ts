import type { DescMethod } from "@bufbuild/protobuf";

/** `package.Service/Method`, for people. */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** `/package.Service/Method`, as it travels. */
export function methodPath(method: DescMethod): string {
  return `/${methodName(method)}`;
}

/**
 * Whether a path is exactly two segments of protobuf identifiers. The policy decides on this reading and the router knows
 * only paths that are exactly of this form, so no spelling can reach a handler under a name that the policy did not see.
 */
export function isMethodPath(path: string): boolean {
  return /^\/[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\/[A-Za-z_]\w*$/.test(path);
}
