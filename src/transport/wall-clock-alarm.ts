/**
 * Calls `onTime` once when the clock has reached `at` (ms since 1970). A plain timer would not do: it overflows after 24.8
 * days, it stands still while the machine sleeps, and it does not notice when the clock is set. So this one looks at the
 * clock again at least every minute. It does not keep the process alive.
 */
export function wallClockAlarm(at: number, now: () => number, onTime: () => void): Disposable {
  let timer: NodeJS.Timeout;
  const arm = () => {
    const remainingMs = at - now();
    timer = setTimeout(remainingMs <= 0 ? onTime : arm, Math.min(Math.max(remainingMs, 0), longestMs)).unref();
  };
  arm();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

const longestMs = 60_000;
