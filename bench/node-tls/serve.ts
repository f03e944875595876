import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import type { Party } from "../place.js";
import { FrameReader, frameKinds } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";

/** Serves frames with mutual TLS 1.3. */
export async function serve(path: string, { directory }: Party): Promise<void> {
  const server = createServer(
    {
      key: await readFile(join(directory, "key.pem")),
      cert: await readFile(join(directory, "cert.pem")),
      ca: await readFile(join(directory, "bundle.pem")),
      requestCert: true,
      minVersion: "TLSv1.3",
    },
    attend,
  );
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
}

function attend(socket: TLSSocket): void {
  const writer = new FrameWriter(socket);
  let uploaded = 0;
  const reader = new FrameReader((kind, payload) => {
    if (kind === frameKinds.echo) writer.write(kind, payload);
    else if (kind === frameKinds.download) void download(writer, payload);
    else if (kind === frameKinds.upload) uploaded += 1;
    else {
      writer.write(kind, number(uploaded));
      uploaded = 0;
    }
    // A client that reads slowly is read from slowly.
    if (socket.writableNeedDrain && !socket.isPaused()) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
  socket.on("data", (chunk) => reader.push(chunk));
  socket.on("error", () => socket.destroy());
}

async function download(writer: FrameWriter, request: Buffer): Promise<void> {
  const payload = new Uint8Array(request.readUInt32BE(0)).fill(0x61);
  for (let left = request.readUInt32BE(4); left > 0; left -= 1) {
    const slow = writer.writeSlowly(frameKinds.download, payload);
    if (slow !== undefined) await slow;
  }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
