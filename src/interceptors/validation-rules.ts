import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { reachableMessages } from "../rpc/reachable-messages.js";

/** `buf.validate` has this number as an extension of the options of messages, oneofs and fields alike. */
const validateExtension = 1159;

interface Options {
  readonly $unknown?: readonly { readonly no: number }[];
}

/**
 * Whether a request can hold a message, at any depth, whose schema has rules of `buf.validate`. It looks at what a
 * descriptor keeps of options that nobody asked for, so a schema without rules needs no package that knows them.
 */
export function hasValidationRules(method: DescMethod): boolean {
  for (const message of reachableMessages(method.input)) if (rulesOf(message)) return true;
  return false;
}

function rulesOf({ proto, fields, oneofs }: DescMessage): boolean {
  return [proto, ...fields.map((field) => field.proto), ...oneofs.map((oneof) => oneof.proto)].some(
    ({ options }) => (options as Options | undefined)?.$unknown?.some(({ no }) => no === validateExtension) === true,
  );
}
