/** Compose, sign here, send, and watch it get confirmed. */
import { fromHex, toHex } from '../lib/bytes';
import { allKeys, makeKey, secretOf, type Key } from '../lib/keys';
import { live } from '../lib/live';
import { messageId, sign, signingDigest } from '../lib/protocol';
import { call, RpcError } from '../lib/rpc';
import { fill, h, say } from '../ui/dom';
import { blockLink, hex } from '../ui/format';
import { failuresOf, mark } from '../ui/mark';
import { verifyMessage } from './message';
import type { Page } from './page';

const longest = 65_536;
const attempts = 3;
const text = new TextEncoder();

export const sendPage: Page = (place, _, until) => {
  const who = h('select', { id: 'who', 'aria-label': 'key' });
  const content = h('textarea', { id: 'content', rows: '5', placeholder: 'What is to be on the chain, for everybody to read?', required: true });
  const size = h('span', { class: 'quiet' });
  const answer = h('p', { class: 'answer', role: 'status' });
  const sent = h('ol', { class: 'messages sent', 'aria-label': 'sent from this page' });
  const send = h('button', { type: 'submit', class: 'main' }, 'Sign and send');
  const list = (chosen?: Key) => {
    const keys = allKeys();
    fill(who, ...keys.map((key) => h('option', { value: key.publicKey, selected: key.publicKey === chosen?.publicKey }, `${key.name} · ${key.publicKey.slice(0, 12)}…`)));
    who.hidden = keys.length === 0;
    send.disabled = keys.length === 0;
  };
  const measure = () => say(size, `${text.encode(content.value).length} of ${longest} bytes`);
  list();
  measure();
  fill(place, h('h1', {}, 'Send a message'),
    h('form', {
      class: 'card compose',
      oninput: measure,
      onsubmit: async (event: Event) => {
        event.preventDefault();
        const key = allKeys().find((one) => one.publicKey === who.value);
        if (!key) {
          return;
        }
        send.disabled = true;
        try {
          const id = await submit(key, content.value);
          say(answer, '');
          content.value = '';
          measure();
          sent.prepend(sentRow(id, until));
        } catch (error) {
          say(answer, `Not sent: ${error instanceof Error ? error.message : String(error)}`);
        }
        send.disabled = false;
      },
    },
    h('label', { for: 'who' }, 'Key'),
    h('div', { class: 'line' }, who, h('button', { type: 'button', id: 'make', onclick: () => list(makeKey()) }, 'Make a key')),
    h('label', { for: 'content' }, 'Message'), content, size,
    h('div', { class: 'line' }, send), answer,
    h('p', { class: 'quiet' }, 'The key is made and used in this browser and kept in its storage, unencrypted: the node never sees it. Good for trying out; for more, use kimura.py.')),
    h('section', {}, sent));
};

/** Signs with the next nonce; takes another where somebody else was faster with the same key. */
async function submit(key: Key, content: string): Promise<string> {
  const [publicKey, bytes, chainId] = [fromHex(key.publicKey, 33), text.encode(content), live.anchor!.chainId];
  for (let attempt = 1; ; attempt++) {
    const { nonce } = await call<{ nonce: number }>('get_nonce', { public_key: key.publicKey });
    const signature = sign(secretOf(key), signingDigest(publicKey, nonce, bytes, chainId));
    try {
      await call('submit_message', { content, signature: toHex(signature), public_key: key.publicKey, nonce });
      return toHex(messageId(publicKey, nonce));
    } catch (error) {
      const isRace = error instanceof RpcError && (error.code === -32002 || error.code === -32003);
      if (!isRace || attempt === attempts) {
        throw error;
      }
    }
  }
}

function sentRow(id: string, until: AbortSignal): HTMLElement {
  const where = h('span', { class: 'where quiet' }, 'taken; waiting for a block');
  const row = h('li', { class: 'row message', 'data-verdict': 'waiting' }, mark('waiting'), hex(id, `#/message/${id}`), where);
  const done = new AbortController();
  until.addEventListener('abort', () => done.abort());
  let asking = false;
  const look = async () => {
    if (asking) {
      return;
    }
    asking = true;
    const verified = await verifyMessage(id).catch(() => null);
    asking = false;
    if (done.signal.aborted || !verified || verified.verdict === 'waiting') {
      return;
    }
    done.abort();
    row.dataset['verdict'] = verified.verdict;
    row.querySelector('.mark')!.replaceWith(mark(verified.verdict, failuresOf(verified.checks)));
    fill(where, 'confirmed in block ', blockLink(verified.message.height ?? 0));
  };
  live.listen(() => void look(), done.signal);
  void look();
  return row;
}
