/** The protocol's bytes (sections 1 to 3): what is hashed and what is signed. */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { concat, fromHex, u32, u64 } from './bytes';
import type { Header } from './types';

const text = new TextEncoder();

export const messageId = (publicKey: Uint8Array, nonce: number): Uint8Array => blake3(concat(publicKey, u64(nonce)));

export function signingDigest(publicKey: Uint8Array, nonce: number, content: Uint8Array, chainId: string | null): Uint8Array {
  const signed = concat(publicKey, u64(nonce), content);
  return chainId ? blake3(signed, { key: blake3(text.encode(chainId)) }) : blake3(signed);
}

export function messageHash(
  publicKey: Uint8Array, nonce: number, timestamp: number, signature: Uint8Array, content: Uint8Array,
): Uint8Array {
  return blake3(concat(publicKey, u64(nonce), u64(timestamp), signature, u32(content.length), content));
}

export const leafOf = (id: Uint8Array, hash: Uint8Array): Uint8Array => blake3(concat(Uint8Array.of(0), id, hash));

const nodeOf = (left: Uint8Array, right: Uint8Array): Uint8Array => blake3(concat(Uint8Array.of(1), left, right));

/** The tree head of RFC 6962 over leaf hashes. */
export function merkleRoot(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) {
    return blake3(new Uint8Array());
  }
  let level = leaves;
  // Pairs from the left, an odd one goes up as it is: the same tree as the split at the largest power of two.
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i]!, level[i + 1]];
      above.push(right ? nodeOf(left, right) : left);
    }
    level = above;
  }
  return level[0]!;
}

/** The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2); null where its shape is impossible. */
export function rootOfPath(leaf: Uint8Array, index: number, count: number, path: Uint8Array[]): Uint8Array | null {
  if (!(index >= 0 && index < count)) {
    return null;
  }
  let [node, last, hash] = [index, count - 1, leaf];
  for (const sibling of path) {
    if (last === 0) {
      return null;
    }
    if (node % 2 === 1 || node === last) {
      hash = nodeOf(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
      }
    } else {
      hash = nodeOf(hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : null;
}

export function blockHash(header: Header): Uint8Array {
  return blake3(concat(u64(header.height), u64(header.timestamp), fromHex(header.prev_hash, 32), fromHex(header.message_root, 32)));
}

export function genesisHash(chainId: string | null): Uint8Array {
  return blake3(concat(u64(0), u64(0), new Uint8Array(32), blake3(text.encode(chainId ?? ''))));
}

/** Whether a compact, low-S signature is the key's over the digest. */
export function isSignedBy(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    return secp256k1.verify(signature, digest, publicKey, { prehash: false, lowS: true });
  } catch {
    return false; // not a key, or not a signature
  }
}

export const sign = (secret: Uint8Array, digest: Uint8Array): Uint8Array => secp256k1.sign(digest, secret, { prehash: false, lowS: true });

export const publicKeyOf = (secret: Uint8Array): Uint8Array => secp256k1.getPublicKey(secret, true);

export const newSecret = (): Uint8Array => secp256k1.utils.randomSecretKey();
