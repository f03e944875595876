import type { DescMethod } from "@bufbuild/protobuf";

/** A method by name, whether or not it exists. */
export interface MethodName {
  readonly service: string;
  readonly method: string;
}

/** `/package.Service/Method`, as it travels. */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/**
 * The names in a path, or undefined when it is not exactly two segments of protobuf identifiers. The policy decides
 * on this reading and the router knows only paths that are exactly of this form, so no spelling can reach a handler under
 * a name that the policy did not see.
 */
export function parseMethodPath(path: string): MethodName | undefined {
  const match = /^\/([A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)\/([A-Za-z_]\w*)$/.exec(path);
  return match?.[1] && match[2] ? { service: match[1], method: match[2] } : undefined;
}
