import { join } from "node:path";
import { built } from "./built.js";
import { type ExampleWorld, Program } from "./example-processes.js";
import { clientId } from "./identities.js";

/** Starts `unruly-server.mjs`; it listens when the promise settles. */
export async function startUnruly(world: ExampleWorld, policy: "nothing" | "drain" = "nothing"): Promise<Program> {
  const script = join(import.meta.dirname, "unruly-server.mjs");
  const program = new Program(script, [built("src"), world.server, world.target, clientId, policy]);
  await program.line((line) => line === "listening");
  return program;
}
