import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { X509Svid } from "../../src/identity/x509-svid.js";
import { CertificateAlarm } from "../../src/interceptors/certificate-alarm.js";
import { MutableSource } from "../../src/source.js";
import { RecordingLogger } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";

const begin = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const ca = mintCa();

describe("CertificateAlarm", () => {
  beforeEach(() => void vi.useFakeTimers({ now: begin }));
  afterEach(() => void vi.useRealTimers());

  const expires = new Date(begin + 24 * hour).toISOString();
  const fix = `certs-tool issue ${clientId} --ca CA_DIR --out CREDENTIALS_DIR`;
  const soon = { level: "warn", event: "certificate expires soon", side: "server", identity: clientId, expires, fix };
  const expired = { ...soon, level: "error", event: "certificate expired" };

  it("tells once when a sixth of the certificate's life is left, and once when it has expired", () => {
    const { logger } = start(24);
    vi.advanceTimersByTime(20 * hour - 1);
    expect(logger.records).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(logger.records).toEqual([soon]);
    vi.advanceTimersByTime(4 * hour - 60_000 + 999);
    expect(logger.records).toEqual([soon]);
    vi.advanceTimersByTime(100 * hour);
    expect(logger.records).toEqual([soon, expired]);
  });

  it("says nothing of a certificate that was renewed in time, and watches the new one", () => {
    const { credentials, logger } = start(24);
    vi.advanceTimersByTime(16 * hour);
    credentials.set({ svid: svidFor(24) });
    vi.advanceTimersByTime(20 * hour - 1);
    expect(logger.records).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(logger.records).toMatchObject([{ event: "certificate expires soon" }]);
  });

  it("does not begin anew when only something else of the credentials changes", () => {
    const { credentials, logger } = start(24);
    vi.advanceTimersByTime(21 * hour);
    credentials.set({ ...credentials.current() });
    vi.advanceTimersByTime(hour);
    expect(logger.records).toEqual([soon]);
  });

  it("leaves no timer behind", () => {
    const { alarm, credentials, logger } = start(24);
    alarm[Symbol.dispose]();
    credentials.set({ svid: svidFor(1) });
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(100 * hour);
    expect(logger.records).toEqual([]);
  });

  function start(hours: number) {
    const credentials = new MutableSource({ svid: svidFor(hours) });
    const logger = new RecordingLogger();
    return { credentials, logger, alarm: new CertificateAlarm(credentials, logger, "server") };
  }

  function svidFor(hours: number): X509Svid {
    const now = new Date();
    const notAfter = new Date(now.getTime() + hours * hour);
    const { pem: certPem, keyPem } = mintLeaf(ca, { id: clientId, notBefore: now, notAfter });
    return X509Svid.fromPem({ certPem, keyPem, now });
  }
});
