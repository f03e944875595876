import type { Context } from "./command.js";

/** An option on the command line would show in the list of processes, so the passphrase comes from the environment. */
export function passphraseFrom(env: Context["env"]): { passphrase?: string } {
  const passphrase = env.PINWIRE_CA_PASSPHRASE;
  return passphrase === undefined ? {} : { passphrase };
}
