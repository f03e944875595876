import { ConfigError } from "../errors.js";

/** A socket in the file system. `text` is the one spelling that is accepted: `unix:` and `path`. */
export interface UnixAddress {
  readonly kind: "unix";
  readonly path: string;
  readonly text: string;
}

/** A Windows named pipe. `path` is the `\\.\pipe\` form that Windows knows. */
export interface PipeAddress {
  readonly kind: "npipe";
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

export type Address = UnixAddress | PipeAddress;

/**
 * The longest path a socket can have everywhere. Linux has room for 107 bytes, macOS for 103; Node.js 20 cuts a longer
 * path without an error, so that two paths could become one socket.
 */
export const maxSocketPathBytes = 103;

/**
 * Reads `unix:/absolute/path` or `npipe:name`. There is one spelling for each place: what would have to be normalised,
 * unescaped or guessed is refused, because gRPC stacks disagree about it (`unix://tmp/x.sock` is the relative path
 * `x.sock` to grpc-js). Spaces, `%` and letters of any language are taken literally.
 *
 * @throws ConfigError ERR_INVALID_ADDRESS, ERR_PATH_TOO_LONG
 */
export function parseAddress(text: string): Address {
  if (typeof text !== "string") throw invalid(String(text), "is not a string", "write unix:/absolute/path");
  if (text.startsWith("unix:")) return parseUnix(text, text.slice("unix:".length));
  if (text.startsWith("npipe:")) return parsePipe(text, text.slice("npipe:".length));
  if (text.startsWith("/")) throw invalid(text, "has no scheme", `write unix:${text}`);
  if (text.startsWith("\\\\.\\pipe\\")) throw invalid(text, "has no scheme", `write npipe:${text.slice(9)}`);
  if (/^unix-abstract:|^@|^\0/.test(text)) throw abstract(text);
  throw invalid(text, "is not an address of this machine", "write unix:/absolute/path, or npipe:name on Windows");
}

function parseUnix(text: string, path: string): UnixAddress {
  if (/^[@\0]/.test(path)) throw abstract(text);
  const control = controlCharacter(path);
  if (control !== undefined) throw invalid(text, `contains the control character ${control}`, "leave it out");
  if (!path.startsWith("/")) {
    throw invalid(text, "is a relative path", "write the absolute path, for example unix:/run/user/1000/app/app.sock");
  }
  // A lone surrogate has no UTF-8 form; Node.js would replace it, and two different texts would be one path.
  if (Buffer.from(path).toString() !== path) throw invalid(text, "is not valid Unicode", "correct the path");
  const canonical = canonicalPath(path);
  if (canonical === "/") throw invalid(text, "names no file", "write the path of the socket after unix:");
  if (canonical !== path) throw invalid(text, "is not in its normal form", `write unix:${canonical}`);
  const bytes = Buffer.byteLength(path);
  if (bytes > maxSocketPathBytes) {
    const problem = `the socket path ${path} has ${bytes} bytes, at most ${maxSocketPathBytes} are possible`;
    throw new ConfigError("ERR_PATH_TOO_LONG", problem, "choose a directory with a shorter path");
  }
  return { kind: "unix", path, text };
}

/** What `path.posix.normalize` gives, also without a trailing slash. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}

/**
 * Windows drops trailing dots and resolves `..` in `\\.\pipe\..`, so a name begins and ends with a letter or digit. The
 * length leaves room for the prefix in the 256 characters that CreateNamedPipe takes.
 */
const pipeName = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?$/;

function parsePipe(text: string, name: string): PipeAddress {
  if (name.length > 200) {
    throw new ConfigError(
      "ERR_PATH_TOO_LONG",
      `the pipe name in ${printable(text)} has ${name.length} characters, at most 200 are possible`,
      "choose a shorter name",
    );
  }
  if (!pipeName.test(name)) {
    const hint = "use letters, digits, '.', '-' and '_', with a letter or digit at both ends, for example npipe:my-app";
    throw invalid(text, "is not a pipe name", hint);
  }
  return { kind: "npipe", name, path: `\\\\.\\pipe\\${name}`, text };
}

function abstract(text: string): ConfigError {
  // Linux gives an abstract name no owner and no mode: every user of the machine could connect to it, or take it first.
  return invalid(text, "is an abstract socket, which has no owner and no mode", "write unix:/absolute/path");
}

function invalid(text: string, fault: string, hint: string): ConfigError {
  return new ConfigError("ERR_INVALID_ADDRESS", `the address ${printable(text)} ${fault}`, hint);
}

function controlCharacter(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const found = /[\0-\x1f\x7f]/.exec(text)?.[0];
  return found === undefined ? undefined : `0x${found.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function printable(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
