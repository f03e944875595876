import type { GreeterImplementation } from "./gen/greeter/v1/greeter_pinwire.js";

/** What the service does: a function for each method of the `.proto`. */
export const implementation: GreeterImplementation = {
  sayHello: ({ name }, { peer }) => ({ greeting: `Hello, ${name}, known to me as ${peer.id}` }),

  async *sayManyHellos({ name, count }, { signal }) {
    for (let i = 1; i <= count && !signal.aborted; i++) yield { greeting: `Hello, ${name}, for time ${i}` };
  },
};
