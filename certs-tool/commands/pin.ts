import { type PinReport, pinPeers } from "../../src/credentials/pin-peers.js";
import { defineCommand } from "../command.js";

export const pinCommand = defineCommand({
  name: "pin",
  summary: "let identities learn each other's keys",
  usage: "DIR DIR… [--force]",
  examples: [
    ["a client and a server that talk to each other", "certs-tool pin certs/cli certs/greeter"],
    ["a server and all its clients, which also learn each other", "certs-tool pin certs/greeter certs/cli certs/web"],
    ["a key and the one that will follow it", "certs-tool pin certs/greeter certs/greeter-next certs/cli"],
    ["forget the old keys when the change is over", "certs-tool pin --force certs/greeter certs/cli"],
  ],
  operands: { name: "DIR", min: 2, max: Number.POSITIVE_INFINITY },
  options: {
    force: { kind: "flag", value: "", help: "pin the present keys alone, and drop others of the same peers" },
  },
  notes: [
    "The pins.json of each directory gets the SPIFFE ID and the key of every other. Peers that are pinned there already stay.",
    "A key that changed does not push the old one out: it becomes next, and both are accepted. There is no place for a third: it is refused until --force drops the keys that are not in use any more. What is dropped is printed.",
    "Two directories with the same SPIFFE ID stand for its present key (the one named first) and its next one.",
  ],
  async run({ operands, options }, { now }) {
    const reports = await pinPeers(operands, { force: options.force, now });
    return { json: { pins: reports.map(jsonOf) }, lines: reports.flatMap(linesOf) };
  },
});

function jsonOf({ directory, peer, outcome, entry, dropped }: PinReport): object {
  return { directory, peer, outcome, ...entry, dropped };
}

function linesOf({ directory, peer, outcome, entry, dropped }: PinReport): string[] {
  const pins = entry.next === undefined ? `${entry.current}` : `${entry.current}, next ${entry.next}`;
  const what = {
    added: `pinned ${peer}: ${pins}`,
    "added-next": `pinned a second key of ${peer}: ${pins}`,
    replaced: `pinned ${peer} anew: ${pins}`,
    unchanged: `${peer} is pinned already: ${pins}`,
  }[outcome];
  return [`${directory}: ${what}`, ...dropped.map((pin) => `${directory}: dropped ${pin} of ${peer}`)];
}
