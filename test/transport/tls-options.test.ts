import { constants } from "node:crypto";
import { describe, expect, it } from "vitest";
import { clientTlsOptions, serverTlsOptions } from "../../src/transport/tls-options.js";
import { clientId, serverId, World } from "../helpers/identities.js";

const world = new World();

describe("serverTlsOptions", () => {
  it("is the complete set, each time: what is left out of setSecureContext is forgotten", () => {
    const state = world.credentials(serverId, clientId);
    expect(serverTlsOptions(state, ["h2"])).toEqual({
      key: state.svid.keyPem,
      cert: state.svid.certPem,
      ca: state.bundle.toPem(),
      minVersion: "TLSv1.3",
      maxVersion: "TLSv1.3",
      ciphers: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
      secureOptions: constants.SSL_OP_NO_TICKET,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
    });
  });
});

describe("clientTlsOptions", () => {
  it("parses keys and certificates once for each state of the credentials", () => {
    const state = world.credentials(clientId, serverId);
    const { secureContext, checkServerIdentity, ...rest } = clientTlsOptions(state, ["pinwire/1", "h2"]);
    expect(rest).toEqual({ rejectUnauthorized: false, ALPNProtocols: ["pinwire/1", "h2"] });
    expect(checkServerIdentity()).toBeUndefined();
    expect(clientTlsOptions(state, ["h2"]).secureContext).toBe(secureContext);
    expect(clientTlsOptions({ ...state }, ["h2"]).secureContext).not.toBe(secureContext);
  });
});
