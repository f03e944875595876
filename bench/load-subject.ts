import { readdir } from "node:fs/promises";
import type { ModuleSubject, Subject } from "./subject.js";

const directory = new URL("./subjects/", import.meta.url);

/** The names of all subjects: those of the files. */
export async function subjectNames(): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".js"));
  return names.map((name) => name.slice(0, -".js".length)).sort();
}

export async function loadSubject(name: string): Promise<Subject> {
  const { subject } = (await import(new URL(`${name}.js`, directory).href)) as { subject: Subject };
  return subject;
}

export async function loadModuleSubject(name: string): Promise<ModuleSubject> {
  const subject = await loadSubject(name);
  if (subject.kind !== "module") throw new Error(`${name} runs as a program of its own`);
  return subject;
}
