/** A server may have as many names, and as long ones, as it likes; who looks for one name must not wait for that. */
const limits = { names: 5_000, letters: 128 };

/** The at most three names that are nearest to what somebody wrote, the nearest first; none when all are far. */
export function nearest(written: string, names: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(written.length / 3));
  return names
    .slice(0, limits.names)
    .filter((name) => name !== "" && name.length <= limits.letters)
    .map((name) => ({ name, edits: begins(name, written) ? 1 : edits(written, name) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Who wrote the beginning of a name means it, however much is missing. */
function begins(name: string, written: string): boolean {
  return written.length >= 3 && lastPart(name).toLowerCase().startsWith(written.toLowerCase());
}

function edits(written: string, name: string): number {
  return Math.min(distance(written, name), distance(lastPart(written), lastPart(name)));
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** How many letters have to be put in, taken out or changed; capitals do not count (Levenshtein). */
function distance(a: string, b: string): number {
  const [from, to] = [a.slice(0, limits.letters).toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
