import type { Case } from "./case.js";
import { churn, firstCall, idleMemory } from "./connections.js";
import { manyConnections, manyStreams, streamMemory } from "./many.js";
import { coldStart, importTime } from "./start-up.js";
import { stream } from "./stream.js";
import { besideStream, unary } from "./unary.js";

export const allCases: readonly Case[] = [
  unary("100b", 1),
  unary("100b", 64),
  unary("100b", 512),
  unary("10k", 1),
  unary("10k", 64),
  unary("10k", 512),
  stream("server", "64k"),
  stream("server", "1m"),
  stream("client", "64k"),
  stream("client", "1m"),
  stream("bidi", "64k"),
  stream("bidi", "1m"),
  besideStream,
  manyStreams,
  firstCall,
  churn,
  idleMemory,
  streamMemory,
  ...[1, 10, 100, 1_000].map(manyConnections),
  importTime,
  coldStart,
];
