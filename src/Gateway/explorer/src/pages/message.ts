/** One message, from its bytes up to the leader's signature. */
import { fromHex } from '../lib/bytes';
import { checkMessage, checkProof, textOf, verdictOf, type Check, type Verdict } from '../lib/checks';
import { live } from '../lib/live';
import { callAll, RpcError } from '../lib/rpc';
import type { Message, Proof } from '../lib/types';
import { fill, h } from '../ui/dom';
import { blockLink, count, hex, time } from '../ui/format';
import { verdictPanel } from '../ui/mark';
import { field } from './block';
import type { Page } from './page';

export interface Verified {
  message: Message;
  checks: Check[];
  verdict: Verdict;
}

/** Asks for a message and its proof, and checks both. */
export async function verifyMessage(id: string): Promise<Verified> {
  const [message, proof] = await callAll<Message | Proof>([
    { method: 'get_message', params: { message_id: id } },
    { method: 'get_proof', params: { message_id: id } },
  ]);
  if (message instanceof RpcError) {
    throw message;
  }
  const known = message as Message;
  const checks = checkMessage(known, id, live.anchor!);
  if (proof instanceof RpcError) {
    const isPending = proof.data['status'] === 'pending' || known.status === 'pending';
    if (!isPending) {
      throw proof;
    }
    return { message: known, checks, verdict: verdictOf(checks) === 'good' ? 'waiting' : 'bad' };
  }
  checks.push(...checkProof(known, proof as Proof, live.anchor!));
  return { message: known, checks, verdict: verdictOf(checks) };
}

export const messagePage: Page = async (place, id, until) => {
  let verified = await verifyMessage(id);
  show(place, verified);
  if (verified.verdict !== 'waiting') {
    return;
  }
  let asking = false;
  live.listen(async () => {
    if (asking || verified.verdict !== 'waiting') {
      return;
    }
    asking = true;
    verified = await verifyMessage(id).catch(() => verified);
    asking = false;
    if (verified.verdict !== 'waiting' && !until.aborted) {
      show(place, verified);
    }
  }, until);
};

function show(place: HTMLElement, { message, checks, verdict }: Verified): void {
  const content = contentOf(message);
  fill(place,
    h('h1', {}, 'Message'),
    h('section', { class: 'card' }, content),
    verdictPanel(verdict, checks),
    h('dl', { class: 'card fields' },
      ...field('Id', hex(message.message_id)),
      ...field('Sender', hex(message.public_key, `#/sender/${message.public_key}`)),
      ...field('Nonce', count(message.nonce)),
      ...field('Taken by the leader', time(message.timestamp)),
      ...field('Signature', hex(message.signature)),
      ...(message.height === undefined
        ? field('Block', 'waiting for one')
        : field('Block', blockLink(message.height), ` at index ${count(message.index ?? 0)}`))));
}

function contentOf(message: Message): HTMLElement {
  let text: string | null = null;
  try {
    text = textOf(fromHex(message.content_hex));
  } catch {
    // Shown as it came; the check says that it is wrong.
  }
  return text === null
    ? h('pre', { class: 'body bytes' }, message.content_hex)
    : h('pre', { class: 'body' }, text || '(empty)');
}
