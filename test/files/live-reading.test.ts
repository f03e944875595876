import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { LiveReading } from "../../src/files/live-reading.js";
import { tempDirectory } from "../helpers/temp-directory.js";

/** A directory that is watched, and what each reading of it comes to. */
function watched(outcomes: ("good" | "bad")[]) {
  const directory = tempDirectory();
  const refused: string[] = [];
  let readings = 0;
  let wake = () => {};
  const reading = new LiveReading({
    directory,
    watch: true,
    read: async () => {
      readings += 1;
      wake();
      if ((outcomes[readings - 1] ?? outcomes.at(-1)) === "bad") throw new Error("half-written");
    },
  });
  const refusal = new Promise<void>((resolve) => {
    reading.onRefused(({ message }) => {
      refused.push(message);
      resolve();
    });
  });
  onTestFinished(() => reading.close());
  const until = async (count: number) => {
    while (readings < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    // Whoever has read is told by promises.
    await new Promise(setImmediate);
  };
  return {
    reading,
    refused,
    refusal,
    until,
    touch: () => writeFileSync(join(directory, "file"), String(Math.random())),
  };
}

describe("what is read again when its files change", () => {
  it("is not bad as long as its writer may be half-way through: it is looked at a second time before anybody hears", async () => {
    // The first look is the watch's own, when it begins.
    const { refused, until, touch } = watched(["good", "bad", "good"]);
    await until(1);
    touch();
    await until(3);
    expect(refused).toEqual([]);
  });

  it("is refused when it is bad the second time, too", async () => {
    const { refused, refusal, until, touch } = watched(["good", "bad"]);
    await until(1);
    touch();
    await refusal;
    expect(refused).toEqual(["half-written"]);
  });

  it("is nobody's business any more once it was closed", async () => {
    const { reading, refused, until, touch } = watched(["good", "bad"]);
    await until(1);
    touch();
    await until(2);
    await reading.close();
    await reading.reload();
    expect(refused).toEqual([]);
  });
});
