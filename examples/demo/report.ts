const colours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

/** Prints the demo for a person to read; colour only on a terminal. */
export class Report {
  #passed = 0;
  #failed = 0;

  section(title: string): void {
    console.log(`\n${paint(1, title)}`);
  }

  line(text: string): void {
    console.log(`    ${paint(2, text)}`);
  }

  check(text: string, ok: boolean): void {
    if (ok) this.#passed += 1;
    else this.#failed += 1;
    console.log(`  ${ok ? paint(32, "✓") : paint(31, "✗")} ${text}`);
  }

  /** Whether everything was as promised. */
  summary(): boolean {
    const total = this.#passed + this.#failed;
    const verdict = this.#failed === 0 ? paint(32, "all as promised") : paint(31, `${this.#failed} not as promised`);
    console.log(`\n${this.#passed} of ${total} checks passed: ${verdict}\n`);
    return this.#failed === 0;
  }
}

function paint(code: number, text: string): string {
  return colours ? `\u001b[${code}m${text}\u001b[0m` : text;
}
