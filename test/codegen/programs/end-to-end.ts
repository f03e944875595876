// Compiled and run by test/codegen/zoo.test.ts, in a project of its own: generated clients and generated register functions, over a
// real socket. Prints what came of each call as JSON.
import { allow, createChannel, createServer, loadCredentials } from "pinwire";
import { type Item, KindsService } from "./gen/kinds_pb.js";
import { createKindsClient, type KindsImplementation, kindsMethods, registerKinds } from "./gen/kinds_pinwire.js";
import { OldService } from "./gen/proto2_pb.js";
import { createOldClient, registerOld } from "./gen/proto2_pinwire.js";
import { ReservedService, type Word } from "./gen/reserved_pb.js";
import { createReservedClient, type ReservedImplementation, registerReserved } from "./gen/reserved_pinwire.js";
import { ClockService } from "./gen/well_known_pb.js";
import { createClockClient, registerClock } from "./gen/well_known_pinwire.js";

const [serverDirectory = "", clientDirectory = "", target = ""] = process.argv.slice(2);

const kinds: KindsImplementation = {
  one: ({ text, number }) => ({ text: text.toUpperCase(), number: number + 1n }),
  async *split({ text }) {
    for (const each of text) yield { text: each };
  },
  async join(items) {
    let text = "";
    for await (const item of items) text += item.text;
    return { text };
  },
  async *echo(items) {
    for await (const item of items) yield item;
  },
};

const say = ({ text }: Word) => ({ text: `${text}!` });
const reserved: ReservedImplementation = {
  delete: say,
  constructor$: say,
  toString$: say,
  toJSON$: say,
  valueOf$: say,
  // biome-ignore lint/suspicious/noThenProperty: a method of the schema is called that
  then: say,
  close: say,
  catch: say,
  class: say,
  async *default(word) {
    yield say(word);
  },
  async await(words) {
    for await (const word of words) return say(word);
    return {};
  },
  async *yield(words) {
    for await (const word of words) yield say(word);
  },
  new: say,
  this: say,
  arguments: say,
  eval: say,
  prototype: say,
  hasOwnProperty: say,
  name: say,
  length: say,
};

const peer = "spiffe://local.test/cli";
const server = createServer({
  credentials: await loadCredentials(serverDirectory),
  policy: [allow(KindsService, peer), allow(ReservedService, peer), allow(ClockService, peer), allow(OldService, peer)],
});
registerKinds(server, kinds);
registerReserved(server, reserved);
registerClock(server, {
  now: () => ({ seconds: 7n }),
  async *ticks({ seconds }) {
    yield { seconds };
  },
  store: (object) => ({ kind: { case: "structValue", value: object } }),
  async list(values) {
    const list = [];
    for await (const value of values) list.push(value);
    return { values: list };
  },
  wrap: ({ value }) => ({ value: BigInt(value.length) }),
  pack: ({ paths }) => ({ typeUrl: paths.join() }),
});
registerOld(server, {
  ask: ({ name, count }) => ({ part: [{ text: `${name} ${count}` }] }),
  async *askAll(requests) {
    for await (const { name } of requests) yield { text: name };
  },
});
await server.listen(target);

const options = {
  credentials: await loadCredentials(clientDirectory),
  target,
  peer: "spiffe://local.test/greeter",
  timeoutMs: 10_000,
};
await using channel = createChannel({ credentials: options.credentials, target, peer: options.peer });

async function texts(items: AsyncIterable<Item | Word>): Promise<string[]> {
  const all: string[] = [];
  for await (const { text } of items) all.push(text);
  return all;
}

const results: Record<string, unknown> = {};
{
  await using client = createKindsClient(options);
  const { text, number } = await client.one({ text: "one", number: 1n });
  results.one = [text, String(number)];
  results.split = await texts(client.split({ text: "ab" }));
  results.join = (await client.join([{ text: "a" }, { text: "b" }])).text;
  results.echo = await texts(client.echo([{ text: "a" }, { text: "b" }]));
  results.table = kindsMethods.one.idempotency;
}
{
  const client = createReservedClient(channel, { timeoutMs: 10_000 });
  const word = { text: "x" };
  const { delete: remove, new: make } = client;
  const unary = [remove, make, client.constructor$, client.toString$, client.then, client.close, client.hasOwnProperty];
  results.reserved = (await Promise.all(unary.map((call) => call(word)))).map(({ text }) => text);
  results.reservedStreams = [...(await texts(client.default(word))), ...(await texts(client.yield([word])))];
}
{
  const client = createClockClient(channel, { timeoutMs: 10_000 });
  results.now = String((await client.now({})).seconds);
  results.store = (await client.store({ fields: { a: { kind: { case: "numberValue", value: 1 } } } })).kind.case;
  results.wrap = String((await client.wrap({ value: "abc" })).value);
}
results.proto2 = (await createOldClient(channel, { timeoutMs: 10_000 }).ask({ name: "n" })).part[0]?.text;
console.log(JSON.stringify(results));
await channel.close();
await server.close();
