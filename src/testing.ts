// "pinwire/testing": what tests of programs that use pinwire need. Not for production: keys live in memory, unprotected.
export type { Channel } from "./client/channel.js";
export type { CredentialState } from "./credentials/credential-state.js";
export { MutableSource } from "./source.js";
export { connectInProcess, type InProcessOptions } from "./testing/in-process.js";
export { type TempSocket, tempSocket } from "./testing/temp-socket.js";
export { createTestCa, type TestCa } from "./testing/test-ca.js";
