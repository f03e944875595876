import { performance } from "node:perf_hooks";
import { loadModuleSubject } from "../load-subject.js";
import type { Place } from "../place.js";

/** Prints how many milliseconds after the start of the process the first call was answered. */
const [name = "", place = "", address = ""] = process.argv.slice(2);
const subject = await loadModuleSubject(name);
const connect = await subject.connector(JSON.parse(place) as Place, address);
const connection = connect();
await connection.echo(new Uint8Array(100));
console.log(performance.now());
process.exit();
