import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { DescFile } from "@bufbuild/protobuf";
import { ConfigError } from "../../errors.js";
import { writeFileAtomically } from "../../files/atomic-write.js";
import { fileError } from "../../files/file-error.js";
import type { Diagnostic } from "../schema-error.js";
import { serviceNames } from "../service-names.js";
import { addHandlers, type HandlerFile, markedName, newHandlerFile, readMark } from "./handler-file.js";
import { findHandlers, type HandlersObject } from "./handlers-object.js";

export interface ScaffoldOptions {
  readonly files: readonly DescFile[];
  /** The directory of the handlers. */
  readonly out: string;
  /** The directory that `buf generate` writes to. */
  readonly gen: string;
  readonly importExtension: ".js" | ".ts" | "";
}

/** What was done about one service. */
export interface ScaffoldedService {
  readonly service: string;
  readonly path: string;
  readonly state: "created" | "updated" | "unchanged";
  /** The handlers that were added. */
  readonly added: readonly string[];
}

export interface Scaffolded {
  readonly services: readonly ScaffoldedService[];
  /** Handlers and files for what the schema no longer has. */
  readonly obsolete: readonly Diagnostic[];
}

/**
 * Writes a file of handlers for each service, or adds to the one that is there the handlers it lacks. Nothing that somebody
 * wrote is changed.
 *
 * @throws ConfigError ERR_FILE_EXISTS when the file of a service is about something else; ERR_HANDLERS_NOT_FOUND when its handlers
 * are not where they were written to; ERR_FILE_UNREADABLE, ERR_FILE_WRITE
 */
export async function scaffold(options: ScaffoldOptions): Promise<Scaffolded> {
  const plans = await Promise.all(plannedFiles(options).map((file) => plan(file)));
  const gone = await obsoleteFiles(options);
  // Nothing is written unless all of it can be planned.
  for (const { path, text, state } of plans) if (state !== "unchanged") await write(path, text);
  return {
    services: plans.map(({ service, path, state, added }) => ({ service, path, state, added })),
    obsolete: [...plans.flatMap(({ obsolete }) => obsolete), ...gone],
  };
}

interface PlannedFile extends HandlerFile {
  readonly path: string;
}

interface Plan extends ScaffoldedService {
  readonly text: string;
  readonly obsolete: readonly Diagnostic[];
}

function plannedFiles({ files, out, gen, importExtension }: ScaffoldOptions): PlannedFile[] {
  const taken = new Set<string>();
  return files.flatMap((file) => {
    const generated = `${importPath(out, join(gen, file.name))}_pinwire${importExtension}`;
    return [...serviceNames(file.services)].map(([service, names]) => {
      const name = firstFree(taken, kebab(names.client.replace(/Client$/, "")), kebab(service.typeName));
      taken.add(name);
      return { service, names, generated, path: join(out, `${name}.ts`) };
    });
  });
}

/** Two services never share a file: `FooBar`, `Foo_Bar` and `FOOBar` would. */
function firstFree(taken: ReadonlySet<string>, short: string, long: string): string {
  if (!taken.has(short)) return short;
  let name = long;
  for (let i = 2; taken.has(name); i++) name = `${long}-${i}`;
  return name;
}

async function plan(file: PlannedFile): Promise<Plan> {
  const { service, path } = file;
  const about = { service: service.typeName, path };
  const text = await readIfThere(path);
  if (text === undefined) {
    const added = service.methods.map(({ localName }) => localName);
    return { ...about, state: "created", text: newHandlerFile(file), added, obsolete: [] };
  }
  const object = handlersIn(text, file);
  const known = new Set(object.handlers.map(({ name }) => name));
  const missing = object.spreads ? [] : service.methods.filter(({ localName }) => !known.has(localName));
  const added = missing.map(({ localName }) => localName);
  const obsolete = obsoleteHandlers(text, object, file);
  if (missing.length === 0) return { ...about, state: "unchanged", text, added, obsolete };
  return { ...about, state: "updated", text: addHandlers(text, object, missing), added, obsolete };
}

function handlersIn(text: string, { service, names, path }: PlannedFile): HandlersObject {
  const about = readMark(text)?.service;
  if (about !== undefined && about !== service.typeName) {
    throw new ConfigError(
      "ERR_FILE_EXISTS",
      `${path} holds the handlers of ${about}, not of ${service.typeName}`,
      "use another directory: --out DIR",
    );
  }
  const object = findHandlers(text, names.implementation);
  if (object !== undefined) return object;
  throw new ConfigError(
    "ERR_HANDLERS_NOT_FOUND",
    `${path} has no object of the type ${names.implementation}, so nothing can be added to it`,
    `write "const …: ${names.implementation} = {…}" there, or use another directory: --out DIR`,
  );
}

function obsoleteHandlers(text: string, { handlers }: HandlersObject, { service, path }: PlannedFile): Diagnostic[] {
  const methods = new Set(service.methods.map(({ localName }) => localName));
  return handlers
    .filter(({ name }) => !methods.has(name))
    .map(({ name, start }) => {
      const lines = text.slice(0, start).split("\n");
      const at = { file: path, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
      return { at, problem: `${name}() handles a method that ${service.typeName} no longer has` };
    });
}

/** Files of handlers for services that the given files of the schema had once. */
async function obsoleteFiles({ files, out }: ScaffoldOptions): Promise<Diagnostic[]> {
  if (!existsSync(out)) return [];
  const services = new Set(files.flatMap((file) => file.services.map(({ typeName }) => typeName)));
  const given = new Set(files.map(({ proto }) => markedName(proto.name)));
  const found: Diagnostic[] = [];
  const entries = await readdir(out, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".ts")).map(({ name }) => name);
  for (const name of names.sort()) {
    const path = join(out, name);
    // Of other files than ours only a line of ASCII matters, whatever they are encoded in.
    const mark = readMark((await bytesIfThere(path))?.toString("latin1") ?? "");
    if (mark === undefined || !given.has(mark.file) || services.has(mark.service)) continue;
    const problem = `these are the handlers of ${mark.service}, which ${mark.file} no longer has`;
    found.push({ at: { file: path, line: mark.line, column: 1 }, problem });
  }
  return found;
}

async function readIfThere(path: string): Promise<string | undefined> {
  const bytes = await bytesIfThere(path);
  try {
    return bytes && utf8.decode(bytes);
  } catch (cause) {
    // What cannot be read would be written back as something else.
    throw new ConfigError("ERR_FILE_UNREADABLE", `${path} is not UTF-8`, "save it as UTF-8", { cause });
  }
}

function bytesIfThere(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw fileError("read", path, error);
  });
}

/** With the byte order mark, which is part of the file. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A file that is there keeps its mode, and a link stays a link. */
async function write(path: string, text: string): Promise<void> {
  try {
    await mkdir(join(path, ".."), { recursive: true });
    const there = existsSync(path);
    const mode = there ? (await stat(path)).mode & 0o777 : 0o666 & ~process.umask();
    await writeFileAtomically(there ? await realpath(path) : path, text, { mode, overwrite: there });
  } catch (error) {
    throw fileError("write", path, error);
  }
}

function importPath(from: string, to: string): string {
  const path = relative(resolve(from), resolve(to)).split(sep).join("/");
  return path.startsWith(".") ? path : `./${path}`;
}

function kebab(name: string): string {
  return name
    .replace(/[._$]+/g, "-")
    .replace(/([a-z\d])([A-Z])/g, "$1-$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2")
    .toLowerCase();
}
