import { loadModuleSubject } from "../load-subject.js";
import type { Place } from "../place.js";
import type { Connection } from "../subject.js";
import { answerRequests } from "./answer-requests.js";
import { makeCalls, spreadCalls } from "./make-calls.js";
import { reconnect } from "./reconnect.js";
import { transfer } from "./transfer.js";
import { usage } from "./usage.js";

const [name = "", place = "", address = ""] = process.argv.slice(2);
const subject = await loadModuleSubject(name);
const connect = await subject.connector(JSON.parse(place) as Place, address);
const held: Connection[] = [];
let connection: Connection | undefined;

await answerRequests(
  {},
  {
    usage,
    async connect() {
      await connection?.close();
      connection = connect();
      return {};
    },
    calls: (request) => makeCalls(connected(), request),
    transfer: (request) => transfer(connected(), request),
    reconnect: (request) => reconnect(connect, request),
    spread: (request) => spreadCalls(held, request),
    async linger({ streams }) {
      const payload = new Uint8Array(1);
      for (let number = 0; number < streams; number += 1) await connected().linger?.(payload);
      return {};
    },
    async hold({ connections }) {
      const payload = new Uint8Array(1);
      for (let number = 0; number < connections; number += 1) {
        const opened = connect();
        await opened.echo(payload);
        held.push(opened);
      }
      return {};
    },
  },
);

function connected(): Connection {
  if (connection === undefined) throw new Error("connect comes first");
  return connection;
}
