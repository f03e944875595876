// Rules of output: data goes to standard output; what went wrong goes to standard error as `pinwire: error: …`, then
// `hint: …`, without capitals and full stops.

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printError(problem: string, hint: string): void {
  process.stderr.write(`pinwire: error: ${problem}\nhint: ${hint}\n`);
}
