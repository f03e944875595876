// A process of a server that shares a record of uses: presents each token named on its command line once, and prints which
// of them it was let through with.
const [replayCache, path, ...tokens] = process.argv.slice(2);
const { ReplayCache } = await import(replayCache);
const cache = await ReplayCache.open(path, { maxEntries: 10_000 });
const now = Math.floor(Date.now() / 1_000);
// All at once, when everybody is there.
process.send?.("ready");
await new Promise((resolve) => process.once("message", resolve));
const uses = tokens.map((token) =>
  cache
    .use({
      token,
      exp: now + 600,
      issuedAt: now + 60,
      call: `call-of-${process.pid}-xxxxxxxx`,
      method: "a.B/C",
      until: Date.now() + 60_000,
      retriable: true,
    })
    .then(
      () => token,
      (error) => (error.code === "ERR_TOKEN_REPLAYED" ? [] : Promise.reject(error)),
    ),
);
process.send?.((await Promise.all(uses)).flat());
process.disconnect?.();
