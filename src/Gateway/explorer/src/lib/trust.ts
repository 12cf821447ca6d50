/** What this browser has seen first is what it holds the node to: the chain's id and the leader's key. */
import { genesisHash } from './protocol';
import { toHex } from './bytes';
import type { Anchor } from './checks';
import { node } from './rpc';
import type { Status } from './types';

interface Pin extends Anchor {
  since: number;
}

const place = `kimura.pin ${node.origin}`;

export function pinOf(status: Status): { anchor: Pin; changed: string | null } {
  const pin = read() ?? save(status);
  return { anchor: pin, changed: changeOf(pin, status) };
}

/** Trusts what the node says now. */
export function save(status: Status): Pin {
  const pin = { chainId: status.chain_id, leaderKey: status.leader_key, since: Date.now() };
  localStorage.setItem(place, JSON.stringify(pin));
  return pin;
}

function read(): Pin | null {
  const text = localStorage.getItem(place);
  return text === null ? null : (JSON.parse(text) as Pin);
}

function changeOf(pin: Pin, status: Status): string | null {
  if (toHex(genesisHash(status.chain_id)) !== status.genesis_hash) {
    return 'The node’s genesis block is not that of its chain id.';
  }
  if (pin.chainId !== status.chain_id) {
    return 'The node serves another chain than the one this browser has seen here before.';
  }
  return pin.leaderKey === status.leader_key
    ? null
    : 'The node names another leader key than the one this browser has seen here before: a new chain, or somebody else’s.';
}
