import { readFile } from "node:fs/promises";

/**
 * Prints where the time of a CPU profile went: by part of the program, then by function.
 *
 * usage: node dist/bench/profile.js FILE.cpuprofile [FUNCTIONS]
 */

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

const [file = "", functions = "30"] = process.argv.slice(2);
const profile = JSON.parse(await readFile(file, "utf8")) as Profile;
const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
print(shares(partOf), Number.POSITIVE_INFINITY);
console.log();
print(shares(placeOf), Number(functions));

/** The time each name had the processor for, as parts of the time that was not idle. */
function shares(nameOf: (frame: CallFrame) => string): [name: string, share: number][] {
  const times = new Map<string, number>();
  let total = 0;
  profile.samples.forEach((id, index) => {
    const frame = frames.get(id);
    const time = profile.timeDeltas[index] ?? 0;
    if (frame === undefined || frame.functionName === "(idle)") return;
    total += time;
    times.set(nameOf(frame), (times.get(nameOf(frame)) ?? 0) + time);
  });
  return [...times].map(([name, time]) => [name, time / total] as [string, number]).sort(([, a], [, b]) => b - a);
}

function partOf({ url, functionName }: CallFrame): string {
  const modules = url.lastIndexOf("/node_modules/");
  if (modules !== -1)
    return url
      .slice(modules + 14)
      .split("/", url.includes("/@", modules) ? 2 : 1)
      .join("/");
  const own = /\/dist\/(src\/\w+(?:\/h2|\/direct)?|\w+)\//.exec(url);
  if (own?.[1] !== undefined) return own[1];
  const internal = /^node:(?:internal\/)?(\w+)/.exec(url);
  return internal?.[1] === undefined ? `native ${functionName || "code"}` : `node:${internal[1]}`;
}

function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const short = url.replace(/^.*\/(?:node_modules|dist)\//, "");
  return `${functionName || "(anonymous)"} ${short}${url === "" ? "" : `:${lineNumber + 1}`}`;
}

function print(rows: readonly [name: string, share: number][], most: number): void {
  for (const [name, share] of rows.slice(0, most)) console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
}
