import type { Channel } from "@grpc/grpc-js";
import { seamChanged } from "./seam-changed.js";

/** The parts of grpc-js that this touches, all of them private. */
interface Connection {
  readonly disconnectHandled?: boolean;
  addDisconnectListener(listener: (tooManyPings: boolean) => void): void;
}
interface Connector {
  connect(...args: unknown[]): Promise<Connection>;
}
interface SubchannelPool {
  getOrCreateSubchannel(...args: unknown[]): { readonly connector?: Connector };
}

/**
 * Lets a grpc-js channel hear a GOAWAY that comes in one piece with the server's SETTINGS. By itself (1.14.7) it takes such a
 * connection into use after it has ended, and then tries its calls on it again and again in promises, without end: no
 * timer and no socket of the process gets a turn any more, and its memory fills up.
 *
 * There is no public way. The check that the seam holds runs each time a channel is made.
 */
export function hearEarlyGoAways(channel: Channel): void {
  const pool = (channel as unknown as { internalChannel?: { subchannelPool?: SubchannelPool } }).internalChannel
    ?.subchannelPool;
  const create = pool?.getOrCreateSubchannel;
  if (pool === undefined || typeof create !== "function") throw seamChanged("connects");
  const known = new WeakSet<Connector>();
  pool.getOrCreateSubchannel = (...args) => {
    const subchannel = create.apply(pool, args);
    const { connector } = subchannel;
    if (typeof connector?.connect !== "function") throw seamChanged("connects");
    if (!known.has(connector)) listenTo(connector);
    known.add(connector);
    return subchannel;
  };
}

function listenTo(connector: Connector): void {
  const { connect } = connector;
  connector.connect = async (...args) => {
    const connection = await connect.apply(connector, args);
    const { addDisconnectListener } = connection;
    connection.addDisconnectListener = (listener) => {
      addDisconnectListener.call(connection, listener);
      // Whoever was to be told of it was not there yet.
      if (connection.disconnectHandled) listener(false);
    };
    return connection;
  };
}
