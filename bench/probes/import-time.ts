import { performance } from "node:perf_hooks";

/** Prints how many milliseconds the import of a package takes in a process that has loaded nothing else. */
const start = performance.now();
await import(process.argv[2] ?? "");
console.log(performance.now() - start);
