/** Keys made in this browser. They stay in its local storage, unencrypted: for trying out, not for anything of worth. */
import { fromHex, toHex } from './bytes';
import { newSecret, publicKeyOf } from './protocol';

const place = 'kimura.keys';

export interface Key {
  name: string;
  secret: string;
  publicKey: string;
}

export function allKeys(): Key[] {
  return JSON.parse(localStorage.getItem(place) ?? '[]') as Key[];
}

export function makeKey(): Key {
  const secret = newSecret();
  const keys = allKeys();
  const key = { name: `key ${keys.length + 1}`, secret: toHex(secret), publicKey: toHex(publicKeyOf(secret)) };
  localStorage.setItem(place, JSON.stringify([...keys, key]));
  return key;
}

export const secretOf = (key: Key): Uint8Array => fromHex(key.secret, 32);
