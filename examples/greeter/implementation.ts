import type { GreeterImplementation } from "../gen/hello/v1/greeter_pinwire.js";

/** A server for all four kinds of method: plain functions, promises and async iterables. */
export const greeter: GreeterImplementation = {
  sayHello: ({ name }, { peer }) => ({ greeting: `Hello, ${name}, known to me as ${peer.id}` }),

  async *sayManyHellos({ name, count }, { signal }) {
    for (let i = 1; i <= count && !signal.aborted; i++) yield { greeting: `Hello, ${name}, for time ${i}` };
  },

  async collectHellos(requests) {
    const names: string[] = [];
    for await (const { name } of requests) names.push(name);
    return { greeting: `Hello, ${names.join(" and ")}`, count: names.length };
  },

  async *chat(requests) {
    for await (const { name } of requests) yield { greeting: `Hello, ${name}` };
  },
};
