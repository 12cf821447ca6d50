/** The chain as it grows. */
import { live, type LiveBlock } from '../lib/live';
import { fill, h, say } from '../ui/dom';
import { ago, blockLink, count, hex, plural } from '../ui/format';
import { failuresOf, mark } from '../ui/mark';
import { plot } from '../ui/plot';
import type { Page } from './page';

const shown = 20;

export const home: Page = (place, _, until) => {
  const height = h('output', { class: 'height', 'data-height': '' }, '–');
  const age = h('span', { class: 'quiet' });
  const rate = plot('Messages / s', until);
  const interval = plot('Block interval', until);
  const pool = plot('Waiting', until);
  const facts = h('dl', { class: 'facts' });
  const list = h('ol', { class: 'blocks', reversed: true, 'aria-label': 'newest blocks' });
  fill(place,
    h('h1', { class: 'unseen' }, 'Newest blocks'),
    h('section', { class: 'hero' },
      h('div', { class: 'card tip' }, h('span', { class: 'quiet' }, 'Height'), height, age), rate.element, interval.element, pool.element),
    facts,
    h('section', { class: 'card' }, h('h2', {}, 'Blocks'), list));
  const rows = new Map<number, HTMLElement>();
  const draw = () => {
    say(height, count(live.tip));
    height.dataset.height = String(live.tip);
    drawPlots(rate, interval, pool);
    drawFacts(facts);
    drawRows(list, rows);
    showAge();
  };
  const showAge = () => {
    const tip = live.blocks.at(-1);
    say(age, tip && tip.block.header.timestamp > 0 ? ago(tip.block.header.timestamp) : 'no block yet');
  };
  const tick = () => {
    showAge();
    rows.forEach((row) => say(row.querySelector('.age')!, row.dataset.time === '0' ? 'genesis' : ago(Number(row.dataset.time))));
  };
  draw();
  live.listen(draw, until);
  const timer = setInterval(tick, 1000);
  until.addEventListener('abort', () => clearInterval(timer));
};

type Plot = ReturnType<typeof plot>;

function drawPlots(rate: Plot, interval: Plot, pool: Plot): void {
  const blocks = live.blocks.filter(({ block }) => block.header.height > 0);
  const headers = blocks.map(({ block }) => block.header);
  const heights = headers.slice(1).map((header) => header.height);
  const gaps = headers.slice(1).map((header, i) => header.timestamp - headers[i]!.timestamp);
  const rates = gaps.map((gap, i) => (1000 * blocks[i + 1]!.block.message_ids.length) / Math.max(gap, 1));
  const spread = headers.length > 1 ? headers.at(-1)!.timestamp - headers[0]!.timestamp : 0;
  const messages = blocks.slice(1).reduce((sum, { block }) => sum + block.message_ids.length, 0);
  rate.show(heights, rates, spread > 0 ? count(Math.round((10_000 * messages) / spread) / 10) : '–');
  interval.show(heights, gaps, gaps.length > 0 ? `${count(gaps.at(-1)!)} ms` : '–');
  pool.show(live.pending.map((_, i) => i), live.pending, count(live.status?.pending ?? 0));
}

function drawFacts(facts: HTMLElement): void {
  const status = live.status;
  if (!status) {
    return;
  }
  const pairs: [string, string][] = [
    ['Node', status.role],
    ['Peers', count(status.peers)],
    ['Sync', status.syncing ? `${count(status.height)} of ${count(status.target_height)}` : 'in sync'],
    ['Equivocations', count(status.equivocations)],
    ['Epoch', count(status.epoch)],
    ['Version', `${status.version}, ${status.engine}`],
  ];
  if (facts.childElementCount === 0) {
    fill(facts, ...pairs.map(([name]) => h('div', {}, h('dt', {}, name), h('dd'))));
  }
  facts.querySelectorAll('dd').forEach((place, i) => say(place, pairs[i]![1]));
}

function drawRows(list: HTMLElement, rows: Map<number, HTMLElement>): void {
  const newest = live.blocks.slice(-shown);
  const least = newest[0]?.block.header.height ?? 0;
  for (const [height, row] of rows) {
    if (height < least) {
      row.remove();
      rows.delete(height);
    }
  }
  for (const one of newest) {
    const { height } = one.block.header;
    if (!rows.has(height)) {
      const row = rowOf(one);
      rows.set(height, row);
      list.prepend(row);
    }
  }
}

function rowOf({ block, checks, verdict }: LiveBlock): HTMLElement {
  const { header } = block;
  return h('li', { class: 'row', 'data-block': header.height, 'data-time': header.timestamp, 'data-verdict': verdict },
    mark(verdict, failuresOf(checks)), h('span', { class: 'number' }, blockLink(header.height)), hex(block.hash),
    h('span', { class: block.message_ids.length > 0 ? 'amount some' : 'amount' }, plural(block.message_ids.length, 'message')),
    h('span', { class: 'age quiet' }, header.timestamp === 0 ? 'genesis' : ago(header.timestamp)));
}
