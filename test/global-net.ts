// Why: a test looks for the leaks that it was written for. This looks at all records, audit logs, metrics, spans and output of
// all tests of a run, when it is over, and fails the run when there is a private key, a certificate, a token, or a secret that a test has placed. It would
// miss what is logged into another logger than RecordingLogger, and secrets of no known form.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toGlobalSink } from "./helpers/global-sink.js";

const forms: readonly (readonly [what: string, form: RegExp])[] = [
  ["a PEM block", /-----BEGIN [A-Z0-9 ]+-----/],
  ["a token", /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/],
  ["a secret of a test", /CANARY/],
];

/** What a user has asked to see: messages of methods that were named, and values of keys that were. */
const shown = /^(payload|metadata)$/;

/** What the net caught in a line; undefined when there is nothing. */
export function caughtIn(line: string): string | undefined {
  const hit = forms.find(([, form]) => form.test(line));
  if (hit === undefined) return undefined;
  const [where, what] = JSON.parse(line, (name, value) => (shown.test(name) ? undefined : value)) as [string, unknown];
  const text = typeof what === "string" ? what : JSON.stringify(what);
  const still = forms.find(([, form]) => form.test(text));
  return still && `${still[0]} in ${where}: ${text.slice(0, 600)}`;
}

/** Everything that the net caught in a directory, and how many lines there were. */
export function lookThrough(directory: string): { lines: number; caught: string[] } {
  let lines = 0;
  const caught: string[] = [];
  for (const name of readdirSync(directory)) {
    for (const line of readFileSync(join(directory, name), "utf8").split("\n")) {
      if (line === "") continue;
      lines += 1;
      const found = caughtIn(line);
      if (found !== undefined) caught.push(found);
    }
  }
  return { lines, caught };
}

let directory: string | undefined;
let letGo: (() => void)[] = [];

/** Called by Vitest once for each project; the first one casts the net. */
export function setup(): void {
  if (process.env.PINWIRE_TEST_SINK !== undefined) return;
  directory = mkdtempSync(join(tmpdir(), "pinwire-sink-"));
  process.env.PINWIRE_TEST_SINK = directory;
  letGo = [process.stdout, process.stderr].map((stream) => overhear(stream));
}

export function teardown(): void {
  if (directory === undefined) return;
  for (const stop of letGo) stop();
  delete process.env.PINWIRE_TEST_SINK;
  const { caught } = lookThrough(directory);
  rmSync(directory, { recursive: true, force: true });
  directory = undefined;
  if (caught.length === 0) return;
  process.exitCode = 1;
  throw new Error(`${caught.length} records or lines hold what must be in none:\n${caught.slice(0, 20).join("\n")}`);
}

/** What the processes of the tests write goes through here, too: the console, and loggers that nobody replaced. */
function overhear(stream: NodeJS.WriteStream): () => void {
  const write = stream.write;
  stream.write = ((chunk: string | Uint8Array, ...rest: []) => {
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1");
    if (forms.some(([, form]) => form.test(text))) toGlobalSink("the console", text);
    return write.call(stream, chunk, ...rest);
  }) as typeof write;
  return () => {
    stream.write = write;
  };
}
