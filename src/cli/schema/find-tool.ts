import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join } from "node:path";

const endings = process.platform === "win32" ? [".exe", ".cmd"] : [""];

/**
 * The path of a program: from PATH, else from the packages installed here, which is where npm would look. Never from the
 * directory of a schema: looking at somebody's files must not run their programs.
 */
export function findTool(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const onPath = (env.PATH ?? "").split(delimiter).filter((dir) => dir !== "");
  const candidates = [...onPath, ...installedHere(process.cwd())].flatMap((dir) =>
    endings.map((ending) => join(dir, `${name}${ending}`)),
  );
  return candidates.find(isExecutable);
}

function installedHere(dir: string): string[] {
  const bin = join(dir, "node_modules", ".bin");
  const parent = dirname(dir);
  return parent === dir ? [bin] : [bin, ...installedHere(parent)];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
