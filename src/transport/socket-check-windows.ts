import type { PipeAddress } from "./address.js";

/**
 * Nothing: Node.js cannot ask who owns a pipe. That the right server answers is proven by its certificate and pin, and
 * nothing secret is sent before (docs/transport.md, Windows).
 */
export async function checkServerSocketWindows(_address: PipeAddress): Promise<void> {}
