/** Runs the action when it is disposed of for the first time. */
export function once(action: () => void): Disposable {
  let done = false;
  return {
    [Symbol.dispose]() {
      if (done) return;
      done = true;
      action();
    },
  };
}
