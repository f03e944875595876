import { Duplex } from "node:stream";
import { connect } from "node:tls";

/** The first flight of a real TLS 1.3 client, to be sent by somebody who then does not go on. */
export function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const stream = new Duplex({
      read() {},
      write(chunk, _, done) {
        resolve(chunk);
        done();
        setImmediate(() => socket.destroy());
      },
    });
    const socket = connect({ socket: stream, minVersion: "TLSv1.3", ALPNProtocols: ["h2", "pinwire/1"] });
    socket.on("error", () => {});
  });
}
