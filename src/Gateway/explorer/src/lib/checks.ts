/** The checks behind every mark of this page. They run here, on the bytes that the node gave, and believe nothing but the leader's key. */
import { fromHex, same } from './bytes';
import * as protocol from './protocol';
import type { Block, Message, Proof } from './types';

export interface Check {
  name: string;
  good: boolean;
}

/** What the node's answers are held against: the chain's id and the leader's key, as this browser has pinned them. */
export interface Anchor {
  chainId: string | null;
  leaderKey: string;
}

export type Verdict = 'good' | 'bad' | 'waiting';

export const verdictOf = (checks: Check[]): Verdict => (checks.every((check) => check.good) ? 'good' : 'bad');

/** A list of checks in the making: what throws (no hex, wrong length) has failed. */
class Report {
  readonly checks: Check[] = [];

  add(name: string, test: () => boolean): this {
    let good = false;
    try {
      good = test();
    } catch {
      // What cannot be read is not good.
    }
    this.checks.push({ name, good });
    return this;
  }
}

/** A message by itself: what its sender answers for. */
export function checkMessage(message: Message, id: string, anchor: Anchor): Check[] {
  const key = () => fromHex(message.public_key, 33);
  const content = () => fromHex(message.content_hex);
  return new Report()
    .add('id is BLAKE3 of public key and nonce', () =>
      message.message_id === id && same(protocol.messageId(key(), message.nonce), fromHex(id, 32)))
    .add('text is what its bytes say', () => message.content === textOf(content()))
    .add('sender’s signature', () =>
      protocol.isSignedBy(key(), protocol.signingDigest(key(), message.nonce, content(), anchor.chainId), fromHex(message.signature, 64)))
    .checks;
}

/** A block by itself: hash, producer, signature, and its list of messages. */
export function checkBlock(block: Block, anchor: Anchor): Check[] {
  const { header } = block;
  if (header.height === 0) {
    return new Report().add('is the genesis block of this chain', () =>
      same(protocol.genesisHash(anchor.chainId), fromHex(block.hash, 32)) && block.message_ids.length === 0).checks;
  }
  return new Report()
    .add('hash is BLAKE3 of the header', () => same(protocol.blockHash(header), fromHex(block.hash, 32)))
    .add('producer is the leader', () => header.producer_pubkey === anchor.leaderKey)
    .add('producer’s signature', () =>
      protocol.isSignedBy(fromHex(header.producer_pubkey, 33), protocol.blockHash(header), fromHex(header.producer_sig, 64)))
    .add('list of messages leads to the message root', () => same(listRoot(block), fromHex(header.message_root, 32)))
    .checks;
}

/** A message's place: its proof, from its bytes up to the producer's signature. */
export function checkProof(message: Message, proof: Proof, anchor: Anchor): Check[] {
  const { header } = proof;
  return new Report()
    .add('answers speak of one place', () =>
      message.status === 'confirmed' && proof.message_id === message.message_id && message.height === proof.height
        && message.index === proof.index && header.height === proof.height)
    .add('message hash', () => same(hashOf(message), fromHex(proof.message_hash, 32)))
    .add('inclusion proof leads to the message root', () => {
      const leaf = protocol.leafOf(fromHex(proof.message_id, 32), fromHex(proof.message_hash, 32));
      const root = protocol.rootOfPath(leaf, proof.index, proof.count, proof.path.map((step) => fromHex(step, 32)));
      return same(leaf, fromHex(proof.leaf, 32)) && root !== null && same(root, fromHex(header.message_root, 32));
    })
    .add('block hash', () => same(protocol.blockHash(header), fromHex(proof.hash, 32)))
    .add('producer is the leader', () => header.producer_pubkey === anchor.leaderKey)
    .add('producer’s signature', () =>
      protocol.isSignedBy(fromHex(header.producer_pubkey, 33), protocol.blockHash(header), fromHex(header.producer_sig, 64)))
    .checks;
}

/** A message as a block lists it; the block has checks of its own. */
export function checkListed(message: Message, block: Block, index: number): Check[] {
  return new Report()
    .add('is what the block lists', () =>
      message.status === 'confirmed' && message.height === block.header.height && message.index === index
        && block.message_ids[index] === message.message_id && same(hashOf(message), fromHex(block.message_hashes[index]!, 32)))
    .checks;
}

export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function hashOf(message: Message): Uint8Array {
  return protocol.messageHash(
    fromHex(message.public_key, 33), message.nonce, message.timestamp, fromHex(message.signature, 64), fromHex(message.content_hex));
}

function listRoot(block: Block): Uint8Array {
  if (block.message_ids.length !== block.message_hashes.length) {
    throw new Error('two lists of different lengths');
  }
  return protocol.merkleRoot(block.message_ids.map((id, i) => protocol.leafOf(fromHex(id, 32), fromHex(block.message_hashes[i]!, 32))));
}
