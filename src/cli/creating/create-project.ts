import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../errors.js";
import { fileError } from "../../files/file-error.js";
import { isCheckout, packCheckout } from "./pack-checkout.js";
import { pinwireSpec } from "./pinwire-spec.js";
import { projectManifest } from "./project-manifest.js";
import type { ProjectNames } from "./project-names.js";

/** Four levels up from dist/src/cli/creating. */
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const templates = join(root, "templates", "new");

export interface CreatedProject {
  /** Paths of the files, relative to the directory. */
  readonly files: readonly string[];
  /** What its package.json says for pinwire. */
  readonly pinwire: string;
}

/**
 * Writes a project that works: the files of `templates/new`, which is one for a service called Greeter, with its names.
 *
 * @param spec what package.json says for pinwire; by default the pinwire that runs
 * @throws ConfigError ERR_FILE_EXISTS when the directory is not empty; nothing is ever overwritten
 */
export async function createProject(dir: string, names: ProjectNames, spec?: string): Promise<CreatedProject> {
  await assertEmpty(dir);
  const own = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const packed = spec === undefined && isCheckout(root) ? [await packCheckout(root, own.version, dir)] : [];
  const pinwire = spec ?? (packed[0] === undefined ? pinwireSpec(root, own.version) : `file:${packed[0]}`);
  const files = await templateFiles();
  for (const file of files) {
    const text = await readFile(join(templates, file), "utf8");
    const content = renamed(text, names);
    const isManifest = file === "package.json";
    await write(
      join(dir, target(file, names)),
      isManifest ? projectManifest(content, names.project, own, pinwire) : content,
    );
  }
  return { files: [...files.map((file) => target(file, names)), ...packed], pinwire };
}

/** A directory that is under version control already is as good as empty. */
async function assertEmpty(dir: string): Promise<void> {
  const present = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw fileError("read", dir, error);
  });
  const inTheWay = present.find((name) => name !== ".git");
  if (inTheWay === undefined) return;
  throw new ConfigError(
    "ERR_FILE_EXISTS",
    `${dir} is not empty: it has ${JSON.stringify(inTheWay)}`,
    "choose a directory that does not exist yet",
  );
}

async function templateFiles(): Promise<string[]> {
  const entries = await readdir(templates, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(templates, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
    .sort();
}

/** npm leaves a .gitignore out of packages, so the template has it without the dot. */
function target(file: string, names: ProjectNames): string {
  return file === "gitignore" ? ".gitignore" : renamed(file, names);
}

function renamed(text: string, { service, lower }: ProjectNames): string {
  return text.replaceAll("Greeter", service).replaceAll("greeter", lower);
}

async function write(path: string, content: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { flag: "wx" });
  } catch (error) {
    throw fileError("write", path, error);
  }
}
