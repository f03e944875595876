import { FieldDescriptorProto_Type as Type } from "@bufbuild/protobuf/wkt";
import type { DescribeMethodResponse, FieldShape, MessageShape } from "../../gen/pinwire/direct/v1/schema_pb.js";
import { canRead, typeNameOf } from "./field-types.js";

/** One side of a message on its way, and how a text calls it. */
interface End {
  readonly messages: ReadonlyMap<string, MessageShape>;
  readonly where: "here" | "at the server";
}

/**
 * What keeps a client from calling a method as its server has it, each in words such as
 * `field 2 changed type (hello.v1.SayHelloRequest.count: uint32 here, string at the server)`. Empty when the two fit together by
 * protobuf's rules (https://protobuf.dev/programming-guides/proto3/#updating): fields that only one of them has are no harm, unless
 * the reader cannot do without.
 */
export function incompatibilities(ours: DescribeMethodResponse, theirs: DescribeMethodResponse): string[] {
  const kind = kindChange(ours, theirs);
  if (kind !== undefined) return [kind];
  const client: End = { messages: byName(ours), where: "here" };
  const server: End = { messages: byName(theirs), where: "at the server" };
  const requests = new Comparison(client, server);
  const responses = new Comparison(server, client);
  requests.messages("request", ours.input, theirs.input);
  responses.messages("response", theirs.output, ours.output);
  // A message that goes both ways is compared both ways, and mostly wrong both ways.
  return [...new Set([...requests.found, ...responses.found])];
}

/** What one end writes, as the other will read it. */
class Comparison {
  readonly found: string[] = [];
  readonly #writer: End;
  readonly #reader: End;
  /** Messages that may hold each other are compared once. */
  readonly #compared = new Set<string>();

  constructor(writer: End, reader: End) {
    this.#writer = writer;
    this.#reader = reader;
  }

  messages(what: string, written: string, read: string): void {
    if (written !== read) this.#add(`${what} changed message type`, "", named(written), named(read));
    else this.#compare("", written, read);
  }

  /** `path` is the numbers of the fields that lead here, each with a dot after it. */
  #compare(path: string, writtenName: string, readName: string): void {
    const key = `${writtenName} ${readName}`;
    const written = this.#writer.messages.get(writtenName);
    const read = this.#reader.messages.get(readName);
    if (this.#compared.has(key) || written === undefined || read === undefined) return;
    this.#compared.add(key);
    const fields = new Map(written.fields.map((field) => [field.number, field]));
    for (const field of read.fields) this.#field(path, read, fields.get(field.number), field);
  }

  #field(path: string, message: MessageShape, written: FieldShape | undefined, read: FieldShape): void {
    const field = `field ${path}${read.number}`;
    const where = `${named(message.name)}.${named(read.name)}: `;
    if (read.required && !written?.required) {
      this.#add(`${field} is required`, where, written === undefined ? "absent" : "optional", "required");
    }
    if (written === undefined) return;
    if (!canRead(written, read)) {
      this.#add(`${field} changed type`, where, named(typeNameOf(written)), named(typeNameOf(read)));
    } else if (written.repeated && !read.repeated) {
      // Readers take the last of several values, or none of packed ones: what is lost would be lost without a word.
      this.#add(`${field} changed cardinality`, where, "repeated", "singular");
    } else if (isMessage(written) && isMessage(read)) {
      const maps = written.map || read.map;
      if (!maps && written.typeName !== read.typeName) {
        this.#add(`${field} changed message type`, where, named(written.typeName), named(read.typeName));
      } else this.#compare(`${path}${read.number}.`, written.typeName, read.typeName);
    }
  }

  #add(change: string, subject: string, written: string, read: string): void {
    const sides = [
      [this.#writer.where, written],
      [this.#reader.where, read],
    ].sort(([a = ""], [b = ""]) => (a > b ? -1 : 1));
    this.found.push(`${change} (${subject}${sides.map(([where, what]) => `${what} ${where}`).join(", ")})`);
  }
}

function isMessage({ type }: FieldShape): boolean {
  return type === Type.MESSAGE || type === Type.GROUP;
}

function kindChange(ours: DescribeMethodResponse, theirs: DescribeMethodResponse): string | undefined {
  const [here, there] = [kindOf(ours), kindOf(theirs)];
  return here === there ? undefined : `changed kind (${here} here, ${there} at the server)`;
}

function kindOf({ clientStreaming, serverStreaming }: DescribeMethodResponse): string {
  if (clientStreaming) return serverStreaming ? "bidi streaming" : "client streaming";
  return serverStreaming ? "server streaming" : "unary";
}

function byName({ messages }: DescribeMethodResponse): Map<string, MessageShape> {
  return new Map(messages.map((message) => [message.name, message]));
}

/** A server chooses its names; what comes into an error is one line, and not long. */
function named(name: string): string {
  return name.replace(/[^\w. ]/g, "?").slice(0, 200);
}
