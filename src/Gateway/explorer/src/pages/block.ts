/** One block: its header, its checks, and its messages a page at a time. */
import { checkBlock, checkListed, checkMessage, textOf, verdictOf, type Anchor } from '../lib/checks';
import { fromHex } from '../lib/bytes';
import { live } from '../lib/live';
import { call, callAll, RpcError } from '../lib/rpc';
import type { Block, Message } from '../lib/types';
import { fill, h } from '../ui/dom';
import { count, hex, plural, time } from '../ui/format';
import { failuresOf, mark, verdictPanel } from '../ui/mark';
import type { Page } from './page';

const pageSize = 50;

export const blockPage: Page = async (place, argument, until) => {
  const block = await call<Block>('get_block', { height: /^\d{1,20}$/.test(argument) ? Number(argument) : argument });
  const { header } = block;
  const anchor = live.anchor!;
  const checks = checkBlock(block, anchor);
  if (/^\d{1,20}$/.test(argument)) {
    checks.push({ name: 'is the block that was asked for', good: header.height === Number(argument) });
  }
  const messages = h('ol', { class: 'messages', start: '0' });
  const pager = h('p', { class: 'pager' });
  fill(place,
    h('div', { class: 'title' }, h('h1', {}, `Block ${count(header.height)}`),
      h('nav', { class: 'steps', 'aria-label': 'neighbours' },
        header.height > 0 && h('a', { href: `#/block/${header.height - 1}`, rel: 'prev', 'aria-keyshortcuts': 'ArrowLeft' }, '← before'),
        h('a', { href: `#/block/${header.height + 1}`, rel: 'next', 'aria-keyshortcuts': 'ArrowRight' }, 'after →'))),
    verdictPanel(verdictOf(checks), checks),
    h('dl', { class: 'card fields' },
      ...field('Hash', hex(block.hash)), ...field('Time', time(header.timestamp)), ...field('Before', hex(header.prev_hash)),
      ...field('Message root', hex(header.message_root)), ...field('Producer', hex(header.producer_pubkey)),
      ...field('Signature', hex(header.producer_sig))),
    h('section', { class: 'card' }, h('h2', {}, plural(block.message_ids.length, 'message')), messages, pager));
  document.addEventListener('keydown', (event) => step(event, place), { signal: until });
  await showMessages(block, anchor, 0, messages, pager);
};

export function field(name: string, ...value: (Node | string)[]): Node[] {
  return [h('dt', {}, name), h('dd', {}, ...value)];
}

function step(event: KeyboardEvent, place: HTMLElement): void {
  const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
  const rel = event.key === 'ArrowLeft' ? 'prev' : event.key === 'ArrowRight' ? 'next' : null;
  if (rel && !typing && !event.altKey && !event.ctrlKey && !event.metaKey) {
    place.querySelector<HTMLAnchorElement>(`a[rel=${rel}]`)?.click();
  }
}

async function showMessages(block: Block, anchor: Anchor, from: number, list: HTMLElement, pager: HTMLElement): Promise<void> {
  const ids = block.message_ids.slice(from, from + pageSize);
  const answers = await callAll<Message>(ids.map((id) => ({ method: 'get_message', params: { message_id: id } })));
  list.setAttribute('start', String(from));
  fill(list, ...answers.map((answer, i) => messageRow(answer, ids[i]!, block, from + i, anchor)));
  const to = Math.min(from + pageSize, block.message_ids.length);
  const turn = (start: number, text: string) =>
    h('button', { type: 'button', onclick: () => void showMessages(block, anchor, start, list, pager) }, text);
  fill(pager, block.message_ids.length > pageSize && `${count(from + 1)} to ${count(to)} of ${count(block.message_ids.length)} `,
    from > 0 && turn(Math.max(0, from - pageSize), 'before'), to < block.message_ids.length && turn(to, 'more'));
}

function messageRow(answer: Message | RpcError, id: string, block: Block, index: number, anchor: Anchor): HTMLElement {
  if (answer instanceof RpcError) {
    return h('li', { class: 'row' }, mark('waiting', answer.message), hex(id, `#/message/${id}`), h('span', { class: 'quiet' }, answer.message));
  }
  const checks = [...checkMessage(answer, id, anchor), ...checkListed(answer, block, index)];
  const verdict = verdictOf(checks);
  return h('li', { class: 'row message', 'data-verdict': verdict }, mark(verdict, failuresOf(checks)), hex(id, `#/message/${id}`),
    h('span', { class: 'content' }, previewOf(answer)));
}

/** The beginning of a message's content; what its bytes say, not what the node says of them. */
export function previewOf(message: Message): string {
  try {
    const text = textOf(fromHex(message.content_hex));
    const whole = text ?? `0x${message.content_hex}`;
    return whole.length > 200 ? `${whole.slice(0, 200)}…` : whole;
  } catch {
    return 'unreadable';
  }
}
