import type { Greeter, GreeterClient } from "./greeter-pair.js";

/** Each kind of handler ends with what `refuse` throws, the one that streams responses after its first. */
export function refusingGreeter(refuse: () => never): Greeter {
  return {
    sayHello: refuse,
    async *sayManyHellos() {
      yield { greeting: "first" };
      refuse();
    },
    collectHellos: async () => refuse(),
    chat: refuse,
  };
}

/** One call of each kind. */
export function callsOfEachKind(client: GreeterClient) {
  return [
    client.sayHello({ name: "x" }),
    client.sayManyHellos({ name: "x" }),
    client.collectHellos([{ name: "x" }]),
    client.chat([{ name: "x" }]),
  ];
}
