import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { allCases } from "./cases/all-cases.js";
import type { Case, Effort } from "./cases/case.js";
import { Contender } from "./contender.js";
import { loadSubject, subjectNames } from "./load-subject.js";
import { describeMachine, type Machine } from "./machine.js";
import { makePlaces, type Places } from "./make-places.js";
import { type Options, parseOptions, usage } from "./options.js";
import { type Result, runCase } from "./run-case.js";
import { renderTables } from "./table.js";

async function main(options: Options): Promise<void> {
  if (options.help) return console.log(usage);
  const names = await selectSubjects(await subjectNames(), options);
  const cases = selectCases(options.only);
  if (options.list) return console.log([...cases.map(({ name }) => name), "", ...names].join("\n"));

  const machine = describeMachine();
  if (machine.load > machine.cores / 4) console.error(busy(machine));
  await using places = await makePlaces();
  const contenders = await gather(names, options, places);
  try {
    const results = await measure(cases, contenders, options.effort);
    report(results, contenders, options.baseline);
    await save({ machine, results }, options.json);
  } finally {
    for (const contender of contenders) await contender[Symbol.asyncDispose]();
  }
}

async function measure(cases: readonly Case[], contenders: readonly Contender[], effort: Effort): Promise<Result[]> {
  const results: Result[] = [];
  for (const each of cases) {
    console.error(`measuring ${each.name}`);
    results.push(...(await runCase(each, contenders, effort)));
  }
  return results;
}

async function selectSubjects(all: readonly string[], { subjects, baseline }: Options): Promise<string[]> {
  const unknown = subjects.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`no such subject: ${unknown.join(", ")} (there are ${all.join(", ")})`);
  const selected = subjects.length === 0 ? await usual(all) : [...subjects];
  // The baseline is the first column.
  return selected.sort((a, b) => Number(b === baseline) - Number(a === baseline));
}

async function usual(all: readonly string[]): Promise<string[]> {
  const loaded = await Promise.all(all.map(async (name) => ({ name, subject: await loadSubject(name) })));
  return loaded.filter(({ subject }) => subject.onRequest !== true).map(({ name }) => name);
}

function selectCases(only: readonly string[]): readonly Case[] {
  const selected = allCases.filter(({ name }) => only.length === 0 || only.some((start) => name.startsWith(start)));
  if (selected.length === 0) throw new Error(`no such case: ${only.join(", ")} (see --list)`);
  return selected;
}

function busy({ load, cores }: Machine): string {
  return `the machine is busy (load ${load.toFixed(1)} on ${cores} cores): the ratios hold better than the numbers`;
}

/** Those that can run on this machine; the others are named. */
async function gather(names: readonly string[], { profileDirectory }: Options, places: Places): Promise<Contender[]> {
  const contenders: Contender[] = [];
  for (const name of names) {
    const subject = await loadSubject(name);
    console.error(`${name}: ${subject.description}`);
    const program = subject.kind === "program" ? await subject.prepare() : undefined;
    if (program !== undefined && "missing" in program) {
      console.error(`${name} is left out: ${program.missing}`);
      continue;
    }
    const module = subject.kind === "module" ? subject : undefined;
    contenders.push(new Contender({ name, program: program?.path, profileDirectory }, module, () => places.next()));
  }
  return contenders;
}

function report(results: readonly Result[], contenders: readonly Contender[], baseline: string): void {
  const names = contenders.map(({ name }) => name);
  console.log(`\n${renderTables(results, names, baseline)}`);
  for (const result of results) {
    if (!("error" in result)) continue;
    process.exitCode = 1;
    console.error(`${result.subject} failed in ${result.case}: ${result.error}`);
  }
}

async function save(report: { machine: Machine; results: readonly Result[] }, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(report, undefined, 2)}\n`);
  console.error(`results in ${path}`);
}

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
