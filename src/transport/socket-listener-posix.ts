import { type BigIntStats, chmodSync, lstatSync, unlinkSync } from "node:fs";
import { lstat, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError } from "../errors.js";
import { fileError } from "../files/file-error.js";
import { shellWord } from "../files/file-modes.js";
import { ensurePrivateDirectory } from "../files/private-directory.js";
import { type AcceptHandlers, startAccepting, stopAccepting } from "./accepting-server.js";
import { maxSocketPathBytes, type UnixAddress } from "./address.js";
import { publishSocket } from "./publish-socket.js";
import type { SocketListener } from "./socket-listener.js";

/**
 * Binds a name that nobody else can reach, sets the mode, and only then gives the socket its real name. So there is no
 * moment with a wrong mode, whatever the umask, and nobody's socket is ever overwritten.
 */
export async function listenSocketPosix(address: UnixAddress, handlers: AcceptHandlers): Promise<SocketListener> {
  const directory = dirname(address.path);
  requireRoomForHiddenName(directory);
  await requireParent(directory);
  await ensurePrivateDirectory(directory);

  // mkdtemp gives mode 0700; what is bound in it is out of reach for others from the beginning.
  const hiddenDirectory = await mkdtemp(join(directory, hiddenPrefix)).catch((cause) => {
    throw fileError("write", directory, cause);
  });
  try {
    return await listenHidden(address, join(hiddenDirectory, hiddenName), handlers);
  } finally {
    await rm(hiddenDirectory, { recursive: true, force: true });
  }
}

async function listenHidden(address: UnixAddress, hidden: string, handlers: AcceptHandlers): Promise<SocketListener> {
  const server = await startAccepting(hidden, handlers).catch((cause: NodeJS.ErrnoException) => {
    throw listenError(address, cause);
  });
  try {
    chmodSync(hidden, 0o600);
    const own = lstatSync(hidden, { bigint: true });
    await publishSocket(hidden, address);
    const close = () => {
      // While we still answer: a server that starts now finds a live one and cannot put its own socket there meanwhile.
      removeIfOwn(address.path, own);
      return stopAccepting(server);
    };
    let closed: Promise<void> | undefined;
    return {
      address,
      close: () => {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    await stopAccepting(server);
    throw error instanceof ConfigError ? error : listenError(address, error as NodeJS.ErrnoException);
  }
}

/** The name may belong to another server by now. Our inode cannot: it is not given away while we hold it open. */
function removeIfOwn(path: string, own: BigIntStats): void {
  try {
    const found = lstatSync(path, { bigint: true });
    if (found.ino === own.ino && found.dev === own.dev) unlinkSync(path);
  } catch {
    // Somebody removed it before, or took our right to: nothing that closing could mend.
  }
}

const hiddenPrefix = ".pw";
const hiddenName = "s";
const hiddenBytes = `/${hiddenPrefix}XXXXXX/${hiddenName}`.length;

function requireRoomForHiddenName(directory: string): void {
  const most = maxSocketPathBytes - hiddenBytes;
  const bytes = Buffer.byteLength(directory);
  if (bytes <= most) return;
  const problem = `the directory ${directory} has a path of ${bytes} bytes, a socket in it can be made safely up to ${most}`;
  throw new ConfigError("ERR_PATH_TOO_LONG", problem, "choose a directory with a shorter path");
}

/** Creating one directory is a service; creating a whole path hides a misspelt one. */
async function requireParent(directory: string): Promise<void> {
  const parent = dirname(directory);
  try {
    await lstat(parent);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw fileError("read", parent, cause);
    const hint = `check the path, or run: mkdir -p -m 700 ${shellWord(parent)}`;
    throw new ConfigError("ERR_FILE_MISSING", `the directory ${parent} does not exist`, hint, { cause });
  }
}

function listenError({ path }: UnixAddress, cause: NodeJS.ErrnoException): ConfigError {
  const problem = `cannot listen on ${path}: ${cause.code ?? cause.message}`;
  const hint = "choose a directory on a local file system that has Unix sockets and hard links";
  return new ConfigError("ERR_LISTEN_FAILED", problem, hint, { cause });
}
