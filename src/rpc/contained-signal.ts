import { contain } from "./contain.js";

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

/**
 * Makes a signal whose listeners cannot end the process. Node.js turns what a listener throws, or what its promise rejects
 * with, into an uncaught exception; a call that is cancelled must not do that to a server. What was thrown goes to
 * `onThrow` instead. For everybody else it is the signal it was, and `removeEventListener` knows the listeners as they were
 * given.
 */
export function containedSignal(signal: AbortSignal, onThrow: (error: unknown) => void): AbortSignal {
  const contained = new WeakMap<object, (event: Event) => void>();
  const wrap = (listener: Listener): ((event: Event) => void) => {
    let wrapped = contained.get(listener);
    if (wrapped === undefined) {
      wrapped = (event) => contain(() => tell(listener, signal, event), onThrow);
      contained.set(listener, wrapped);
    }
    return wrapped;
  };
  const { addEventListener, removeEventListener } = signal;
  let onabort: AbortSignal["onabort"] = null;
  const onabortListener = (event: Event) => onabort?.call(signal, event);
  Object.defineProperties(signal, {
    addEventListener: {
      value(type: string, listener: Listener | null, ...options: [never?]) {
        addEventListener.call(signal, type, isListener(listener) ? wrap(listener) : (listener as never), ...options);
      },
    },
    removeEventListener: {
      value(type: string, listener: Listener | null, ...options: [never?]) {
        const known = isListener(listener) ? contained.get(listener) : undefined;
        removeEventListener.call(signal, type, known ?? (listener as never), ...options);
      },
    },
    onabort: {
      get: () => onabort,
      set(value: AbortSignal["onabort"]) {
        onabort = typeof value === "function" ? value : null;
        // Adding it again changes nothing.
        addEventListener.call(signal, "abort", wrap(onabortListener));
      },
    },
  });
  return signal;
}

function isListener(value: Listener | null): value is Listener {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function tell(listener: Listener, signal: AbortSignal, event: Event): unknown {
  return typeof listener === "function" ? listener.call(signal, event) : listener.handleEvent(event);
}
