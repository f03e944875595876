// A process that writes to an audit log until it is killed: prints the number of each record that was acknowledged.
const [library, directory, keyFile, anchorFile] = process.argv.slice(2);
const { openAuditLog } = await import(library);
const log = await openAuditLog({
  directory,
  keyFile,
  anchorFile,
  maxSegmentBytes: 20_000,
  checkpointEveryRecords: 25,
});
process.stdout.write("open\n");
for (let n = 0; ; n++) {
  const written = await Promise.all(Array.from({ length: 8 }, (_, lane) => log.append({ type: "note", n, lane })));
  process.stdout.write(`${written.at(-1)}\n`);
}
