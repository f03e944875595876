import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Collects garbage until the references are dead, or the attempts are used up; returns how many are still alive. */
export async function aliveAfterGarbage(references: readonly WeakRef<object>[]): Promise<number> {
  const alive = () => references.filter((reference) => reference.deref() !== undefined).length;
  for (let attempt = 0; attempt < 20 && alive() > 0; attempt++) {
    // What a turn has dereferenced lives until its end.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return alive();
}
