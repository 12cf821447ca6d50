/** One sender: the next nonce, and what was sent, newest first. */
import { live } from '../lib/live';
import { call } from '../lib/rpc';
import type { Message } from '../lib/types';
import { fill, h } from '../ui/dom';
import { blockLink, count, hex, plural } from '../ui/format';
import { failuresOf, mark } from '../ui/mark';
import { previewOf } from './block';
import { verifyMessage } from './message';
import type { Page } from './page';

const pageSize = 25;

export const senderPage: Page = async (place, key, until) => {
  const { nonce } = await call<{ nonce: number }>('get_nonce', { public_key: key });
  const list = h('ol', { class: 'messages', reversed: true });
  const more = h('p', { class: 'pager' });
  fill(place, h('h1', {}, 'Sender'), h('p', { class: 'key' }, hex(key)),
    h('p', { class: 'quiet' }, `${plural(nonce, 'message')} so far; the next nonce is ${count(nonce)}.`),
    h('section', { class: 'card' }, h('h2', {}, 'Messages'), list, more));
  await showBefore(key, nonce, list, more, until);
};

async function showBefore(key: string, before: number, list: HTMLElement, more: HTMLElement, until: AbortSignal): Promise<void> {
  const from = Math.max(0, before - pageSize);
  const messages = before === 0 ? [] : await call<Message[]>('get_messages', { public_key: key, from_nonce: from, count: before - from });
  for (const message of messages.reverse()) {
    const row = h('li', { class: 'row message', value: message.nonce }, mark('waiting'), hex(message.message_id, `#/message/${message.message_id}`),
      h('span', { class: 'content' }, previewOf(message)), h('span', { class: 'where quiet' }, 'waiting for a block'));
    list.append(row);
    void fillRow(row, key, message, until);
  }
  fill(more, from > 0 && h('button', { type: 'button', onclick: () => void showBefore(key, from, list, more, until) }, 'earlier ones'));
}

// The list is what the node says; each row becomes green by its own proof.
async function fillRow(row: HTMLElement, key: string, listed: Message, until: AbortSignal): Promise<void> {
  const verified = await verifyMessage(listed.message_id).catch(() => null);
  if (until.aborted || !verified) {
    return;
  }
  const { message, checks, verdict } = verified;
  const isTheirs = message.public_key === key && message.content_hex === listed.content_hex;
  row.querySelector('.mark')!.replaceWith(mark(isTheirs ? verdict : 'bad', isTheirs ? failuresOf(checks) : 'is not what was listed'));
  if (message.height !== undefined) {
    fill(row.querySelector('.where')!, 'block ', blockLink(message.height));
  } else if (verdict === 'waiting') {
    const wait = new AbortController();
    until.addEventListener('abort', () => wait.abort());
    const height = live.tip;
    live.listen(() => {
      if (live.tip > height) {
        wait.abort();
        void fillRow(row, key, listed, until);
      }
    }, wait.signal);
  }
}
