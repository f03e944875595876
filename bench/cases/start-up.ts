import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { median } from "../statistics.js";
import type { Case } from "./case.js";

const repetitions = 5;

/** What importing the package alone costs a new process. */
export const importTime: Case = {
  name: "import",
  fresh: true,
  async measure({ module }) {
    if (module?.packageName === undefined) return undefined;
    return { importMs: await medianOf("import-time", module.packageName) };
  },
};

/** From the start of a client's process to the answer of its first call. */
export const coldStart: Case = {
  name: "cold-start",
  fresh: true,
  async measure(contender) {
    if (contender.module === undefined) return undefined;
    const { place, address } = await contender.pair();
    return { firstCallMs: await medianOf("first-call", contender.name, JSON.stringify(place), address) };
  },
};

async function medianOf(probe: "import-time" | "first-call", ...args: string[]): Promise<number> {
  const script = fileURLToPath(new URL(`../probes/${probe}.js`, import.meta.url));
  const values: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
    values.push(Number(stdout));
  }
  return median(values);
}
