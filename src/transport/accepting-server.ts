import { createServer, type Server, type Socket } from "node:net";

/** Room for a restart with every client knocking at once; the kernel cuts it to its own limit (net.core.somaxconn). */
const backlog = 4_096;

export interface AcceptHandlers {
  onSocket(socket: Socket): void;
  /** A connection could not be accepted, for example because no file descriptor is free. The server goes on. */
  onError(cause: NodeJS.ErrnoException): void;
}

/** Resolves when a server listens at `path`. */
export async function startAccepting(path: string, { onSocket, onError }: AcceptHandlers): Promise<Server> {
  const server = createServer(onSocket);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // `exclusive`: a worker of node:cluster would otherwise ask its parent to listen in its place.
    server.listen({ path, backlog, exclusive: true }, () => {
      server.off("error", reject);
      server.on("error", onError);
      resolve();
    });
  });
  return server;
}

/** Resolves when the handle is closed; `server.close` itself would wait for the connections that were accepted. */
export function stopAccepting(server: Server): Promise<void> {
  server.close();
  // Handles are closed at the end of a turn of the event loop, after the first of these.
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
