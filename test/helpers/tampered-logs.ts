import { hash, randomInt } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ChainFault } from "../../src/audit/audit-chain.js";
import { AuditPlace } from "./audit-place.js";
import { sealRecord } from "./seal-record.js";

/** A log as lines, one list a segment. */
type Segments = string[][];

export interface TamperedLog {
  readonly name: string;
  readonly directory: string;
  /** Of the first record that is not as it was written; undefined where a whole part is missing. */
  readonly seq?: number | undefined;
  /** Where only one fault will do. */
  readonly reason?: ChainFault;
}

/** A closed log of three segments and two epochs, and copies of it, each attacked in one way. */
export class TamperedLogs {
  readonly place = new AuditPlace();
  readonly other = new AuditPlace();
  readonly logs: TamperedLog[] = [];
  #count = 0;

  static async make(flips: number): Promise<TamperedLogs> {
    const made = new TamperedLogs();
    await writeLog(made.other);
    const older = await writeLog(made.place, () => made.#copy("older"));
    const original = read(made.place.segments);
    made.#add("an older copy", older, { reason: "missing end" });
    for (let n = 0; n < flips; n++) made.#flip();
    made.#addRecords(original);
    made.#addWholes(original);
    made.#addOddities(original);
    return made;
  }

  #flip(): void {
    const directory = this.#copy();
    const names = this.place.segments.map((path) => path.slice(this.place.directory.length + 1));
    const name = names[randomInt(names.length)] ?? "";
    const path = join(directory, name);
    const bytes = readFileSync(path);
    const at = randomInt(bytes.length);
    const bit = randomInt(8);
    const before = bytes.subarray(0, at).toString("latin1").split("\n").length - 1;
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
    writeFileSync(path, bytes);
    const first = Number(/"seq":(\d+)/.exec(readFileSync(join(this.place.directory, name), "latin1"))?.[1]);
    this.#add(`bit ${bit} of byte ${at} of ${name} flipped`, directory, { seq: first + before });
  }

  /** One record deleted, doubled, swapped, cut off; a log cut off after it, and within it. */
  #addRecords(original: Segments): void {
    for (const [segment, lines] of original.entries()) {
      for (const [index, line] of lines.entries()) {
        const seq = seqOf(line);
        const change = (name: string, edit: (lines: string[]) => void, expected: Partial<TamperedLog> = { seq }) =>
          this.#write(`${name} record ${seq}`, original, (all) => edit(all[segment] ?? []), expected);
        const isLast = seq === seqOf(original.at(-1)?.at(-1) ?? "");
        change("without", (all) => void all.splice(index, 1), isLast ? { reason: "missing end" } : {});
        change("twice", (all) => void all.splice(index, 0, line), { seq: seq + 1 });
        if (index + 1 < lines.length) {
          change("swapped", (all) => void all.splice(index, 2, lines[index + 1] ?? "", line));
        }
        this.#cut(`cut off after record ${seq}`, original, segment, index, isLast ? undefined : "missing end");
        const inside = line.slice(0, 1 + randomInt(line.length - 1));
        this.#cut(`cut off inside record ${seq}`, original, segment, index - 1, "torn", inside);
      }
    }
  }

  #addWholes(original: Segments): void {
    const other = read(this.other.segments);
    const [first = [], middle = [], last = []] = original;
    const drop = (name: string, number: number, reason: ChainFault) => this.#drop(name, original, number, reason);
    drop("without the first segment", 1, "missing beginning");
    drop("without the middle segment", 2, "missing segment");
    drop("without the last segment", original.length, "missing end");
    drop("without any segment", 0, "missing beginning");
    this.#write("with a record of another log", original, ([, all]) => void all?.splice(3, 1, other[1]?.[3] ?? ""), {
      seq: seqOf(middle[3] ?? ""),
    });
    this.#write("with a segment of another log", original, (all) => void all.splice(1, 1, other[1] ?? []), {
      seq: seqOf(middle[0] ?? ""),
    });
    this.#write("another log in its place", original, (all) => void all.splice(0, all.length, ...other), {});
    this.#write("all hashes made anew after a change", original, rewrite, { reason: "bad signature" });
    this.#write("all hashes made anew, without checkpoints", original, (all) => rewrite(all, true), {});
    const long = `${first[2]?.slice(0, -1)},"x":"${"x".repeat(20_000)}"}`;
    this.#write("a line over the limit", original, ([all]) => void all?.splice(2, 1, long), {
      reason: "too long",
      seq: 3,
    });
    const odd = first[2]?.replace("local", "l\u00f6cal") ?? "";
    this.#write("a byte that is not ASCII", original, ([all]) => void all?.splice(2, 1, odd), {
      reason: "not ASCII",
      seq: 3,
    });
    this.#write("an empty line", original, ([all]) => void all?.splice(2, 0, ""), { reason: "malformed", seq: 3 });
    this.#write("a line that is no record", original, ([all]) => void all?.splice(2, 1, "{}"), {
      reason: "malformed",
      seq: 3,
    });
    this.#write(
      "the first record of a segment in the one before",
      original,
      (all) => {
        all[0]?.push(all[1]?.shift() ?? "");
      },
      { reason: "wrong segment", seq: seqOf(middle[0] ?? "") },
    );
    this.#write("an empty segment at the end", original, (all) => void all.push([]), { reason: "malformed" });
    this.#write(
      "two records on one line",
      original,
      ([all]) => {
        const next = all?.splice(3, 1)[0];
        if (all) all[2] += next ?? "";
      },
      { seq: 3 },
    );
    this.#write("as it was", original, () => {}, { seq: 0 });
    if (last.length === 0) throw new Error("the log has less than three segments");
  }

  /** Lines whose hash fits, and that two readers could take for two things. */
  #addOddities(original: Segments): void {
    const third = original[0]?.[2] ?? "";
    const odd = (name: string, from: string | RegExp, to: string) => {
      const line = resealed(third, (body) => body.replace(from, to));
      if (line === third) throw new Error(`nothing is odd: ${name}`);
      this.#write(`a line ${name}`, original, ([all]) => void all?.splice(2, 1, line), { reason: "malformed", seq: 3 });
    };
    const code = '"code":"ERR_POLICY"';
    odd("with a space between its parts", code, `"code": "ERR_POLICY"`);
    odd("with a space before its end", /(?=,"prev":)/, " ");
    odd("with a name that stands twice", code, `${code},${code}`);
    odd("with the name of its number twice", code, `${code},"seq":3`);
    odd("with an escape that is not needed", code, '"code":"\\u0045RR_POLICY"');
    odd("with a name that is escaped", code, '"cod\\u0065":"ERR_POLICY"');
    odd("with an escaped slash", "spiffe://", "spiffe:\\/\\/");
    odd("with an escape in capitals", code, '"code":"\\u001B"');
    odd("with a long escape for a line feed", code, '"code":"\\u000a"');
    for (const name of ["__proto__", "1", "", "a b", "x".repeat(33)]) {
      odd(`with a field named ${JSON.stringify(name)}`, code, `${code},${JSON.stringify(name)}:1`);
    }
    for (const value of [
      ...["1e3", "1E3", "1.0", "-0", "0.0", "1.50", "1.2345", "01", "+1", ".5", "1.", "NaN", "Infinity", "-Infinity"],
      ...["9007199254740992", "9007199254740993", "1e400", "0.0001", "1234567890123.5", "12345678901234567890"],
      ...["true", "null", "[]", "{}", "'x'", '"\\x41"', '"\\ud83d\\uDE00"', ""],
    ]) {
      odd(`with the value ${value}`, code, `${code},"odd":${value}`);
    }
    odd("whose fields come in another order", /("time":"[^"]*"),("type":"[^"]*")/, "$2,$1");
    odd("whose number begins with 0", '"seq":3', '"seq":03');
    odd("whose number has many digits", '"seq":3', '"seq":30000000000000000');
    for (const type of ["open", "segment", "checkpoint", "prune"]) {
      odd(`of type ${type} without its fields`, '"type":"call.refused"', `"type":"${type}"`);
    }
    const log = '"log":"cGlud2lyZS1hdWRpdC12MQ","epoch"';
    odd("with an epoch of a half", '"type":"call.refused"', `"type":"segment",${log}:1.5,"segment":1`);
    odd("with an epoch of 0", '"type":"call.refused"', `"type":"segment",${log}:0,"segment":1`);
    odd("with a log that is none", '"type":"call.refused"', '"type":"segment","log":"\\n","epoch":1,"segment":1');
    odd("that says it is the first", '"seq":3', '"seq":1');
    this.#write("with a carriage return", original, ([all]) => void all?.splice(2, 1, `${third}\r`), {
      reason: "not ASCII",
      seq: 3,
    });
    this.#write("with a space after a line", original, ([all]) => void all?.splice(2, 1, `${third} `), {
      reason: "malformed",
      seq: 3,
    });
    const legal = resealed(third, (body) =>
      body.replace(code, '"code":"\\u2028\\n\\ud800\\u007f\\"","m":-1.5,"log":"x"'),
    );
    this.#write("a line that could be one", original, ([all]) => void all?.splice(2, 1, legal), {
      reason: "chain broken",
      seq: 4,
    });
    const directory = this.#copy();
    writeFileSync(segmentOf(directory, 0), `${legal}\n`);
    this.#add("a file with number 0, which is no segment", directory, { seq: 0 });
  }

  #cut(name: string, original: Segments, segment: number, index: number, reason?: ChainFault, rest = ""): void {
    const directory = this.#copy();
    for (const [number, lines] of original.entries()) {
      const path = segmentOf(directory, number + 1);
      if (number < segment) continue;
      const kept = number > segment ? [] : lines.slice(0, index + 1);
      const text = kept.map((line) => `${line}\n`).join("") + (number === segment ? rest : "");
      if (number > segment) rmSync(path, { force: true });
      else writeFileSync(path, text, "latin1");
    }
    this.#add(name, directory, reason === undefined ? { seq: 0 } : { reason });
  }

  #drop(name: string, original: Segments, number: number, reason: ChainFault): void {
    const directory = this.#copy();
    for (let each = 1; each <= original.length; each++) {
      if (number === 0 || each === number) rmSync(segmentOf(directory, each), { force: true });
    }
    this.#add(name, directory, { reason });
  }

  #write(name: string, original: Segments, edit: (all: Segments) => void, expected: Partial<TamperedLog>): void {
    const all = original.map((lines) => [...lines]);
    edit(all);
    const directory = this.#copy();
    for (let number = 1; number <= original.length; number++) rmSync(segmentOf(directory, number), { force: true });
    for (const [index, lines] of all.entries()) {
      const text = lines.map((line) => `${line}\n`).join("");
      writeFileSync(segmentOf(directory, index + 1), text, "latin1");
    }
    this.#add(name, directory, expected);
  }

  #copy(name = `attack-${this.#count++}`): string {
    const directory = join(this.place.base, name);
    cpSync(this.place.directory, directory, { recursive: true });
    return directory;
  }

  #add(name: string, directory: string, expected: Partial<TamperedLog>): void {
    this.logs.push({ name, directory, ...expected });
  }
}

async function writeLog(place: AuditPlace, afterFirstEpoch: () => string = () => ""): Promise<string> {
  let older = "";
  for (let epoch = 0; epoch < 2; epoch++) {
    const log = await place.open({ maxSegmentBytes: 3_500, checkpointEveryRecords: 8 });
    for (let n = 0; n < 13; n++) {
      await log.append({ type: "call.refused", peer: "spiffe://local.test/cli", code: "ERR_POLICY", n });
    }
    await log.close();
    if (epoch === 0) older = afterFirstEpoch();
  }
  return older;
}

/** What somebody can do who can write to the directory but has no key. */
function rewrite(all: Segments, withoutCheckpoints = false): void {
  let position = { seq: 1, prev: "A".repeat(43) };
  for (const lines of all) {
    const records = lines.map((line) => JSON.parse(line) as Record<string, string | number> & { type: string });
    lines.length = 0;
    for (const { seq, time, prev, hash, ...fields } of records) {
      if (withoutCheckpoints && fields.type === "checkpoint") continue;
      const changed = fields.code === "ERR_POLICY" ? { ...fields, peer: "spiffe://local.test/somebody-else" } : fields;
      const { line, next } = sealRecord(changed, String(time), position);
      lines.push(line);
      position = next;
    }
  }
}

/** A line after a change to all of it but its hash, with the hash that fits then. */
function resealed(line: string, change: (body: string) => string): string {
  const body = change(line.slice(0, line.lastIndexOf(',"hash":"')));
  return `${body},"hash":"${hash("sha256", body, "base64url")}"}`;
}

function read(paths: readonly string[]): Segments {
  return paths.map((path) => readFileSync(path, "latin1").split("\n").slice(0, -1));
}

function seqOf(line: string): number {
  return (JSON.parse(line) as { seq: number }).seq;
}

function segmentOf(directory: string, number: number): string {
  return join(directory, `audit-${String(number).padStart(8, "0")}.jsonl`);
}
