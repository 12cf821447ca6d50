/** What the node answers (protocol, section 7). Nothing of it is believed before it is checked. */

export interface Header {
  height: number;
  timestamp: number;
  prev_hash: string;
  message_root: string;
  producer_pubkey: string;
  producer_sig: string;
}

export interface Block {
  hash: string;
  header: Header;
  message_ids: string[];
  message_hashes: string[];
}

export interface Message {
  message_id: string;
  public_key: string;
  nonce: number;
  content: string | null;
  content_hex: string;
  signature: string;
  timestamp: number;
  status: 'pending' | 'confirmed';
  height?: number;
  index?: number;
}

export interface Proof {
  message_id: string;
  message_hash: string;
  height: number;
  index: number;
  count: number;
  leaf: string;
  path: string[];
  header: Header;
  hash: string;
}

export interface Status {
  chain_id: string | null;
  genesis_hash: string;
  height: number;
  hash: string;
  role: 'leader' | 'peer';
  leader_key: string;
  syncing: boolean;
  target_height: number;
  peers: number;
  pending: number;
  equivocations: number;
  epoch: number;
  engine: string;
  version: string;
  block_interval_ms: number;
}
