// A server in a process of its own, to be killed or to compete with others. Echoes; prints one line of JSON. It runs the
// built code.
const [module, path] = process.argv.slice(2);
const { listenSocket } = await import(module);
try {
  const handlers = { onSocket: (socket) => socket.on("error", () => {}).pipe(socket), onError: () => {} };
  await listenSocket({ kind: "unix", path, text: `unix:${path}` }, handlers);
  console.log(JSON.stringify({ listening: true }));
} catch ({ code, message }) {
  console.log(JSON.stringify({ listening: false, code, message }));
}
