import { basename, resolve } from "node:path";
import { CommandLineError } from "../../command-line/arguments.js";

/** What a new project and the things in it are called. */
export interface ProjectNames {
  /** Of the package: `my-app`. */
  readonly project: string;
  /** Of the service, without the suffix: `Greeter` for `GreeterService`. */
  readonly service: string;
  /** The same in package names, file names and SPIFFE IDs: `greeter`. */
  readonly lower: string;
}

/** @param service as written, with or without the suffix `Service`. @throws CommandLineError */
export function projectNames(dir: string, service: string): ProjectNames {
  if (!/^[A-Z][A-Za-z0-9]{0,39}$/.test(service)) {
    throw new CommandLineError(
      `${JSON.stringify(service)} is not a name for a service`,
      "write a capital, then up to 39 letters and digits, for example --service Notes",
    );
  }
  const bare = service.replace(/(?<=.)Service$/, "");
  return { project: packageName(dir), service: bare, lower: bare.toLowerCase() };
}

/** The name of the directory, as far as npm takes it. A package cannot depend on one of its own name. */
function packageName(dir: string): string {
  const name = basename(resolve(dir))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 100);
  return ["", "pinwire", "typescript", "node-modules"].includes(name) ? `${name}-app`.replace(/^-/, "") : name;
}
