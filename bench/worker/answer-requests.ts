import { createInterface } from "node:readline";
import type { Operators } from "./protocol.js";

interface Request {
  readonly operation: string;
}

/** Answers the requests on standard input, one at a time, and ends the process when there are no more. */
export async function answerRequests(ready: object, operators: Operators): Promise<never> {
  say(ready);
  for await (const line of createInterface({ input: process.stdin })) say(await answer(JSON.parse(line), operators));
  process.exit(0);
}

async function answer(request: Request, operators: Operators): Promise<object> {
  const operator: ((request: never) => Promise<object> | object) | undefined = Reflect.get(
    operators,
    request.operation,
  );
  if (operator === undefined) return { error: `there is no operation ${request.operation}` };
  try {
    return await operator(request as never);
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
