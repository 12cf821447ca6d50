/** The mark of what was verified in this browser, and the list of checks behind it. */
import type { Check, Verdict } from '../lib/checks';
import { h } from './dom';

const words: Record<Verdict, string> = {
  good: 'verified in this browser',
  bad: 'does not verify',
  waiting: 'not verified yet',
};

const signs: Record<Verdict, string> = { good: '✓', bad: '✕', waiting: '…' };

/** A small mark, for lists. */
export function mark(verdict: Verdict, detail = ''): HTMLElement {
  const label = detail ? `${words[verdict]}: ${detail}` : words[verdict];
  return h('span', { class: `mark ${verdict}`, role: 'img', 'aria-label': label, title: label, 'data-verdict': verdict }, signs[verdict]);
}

/** What failed, for the mark's label. */
export const failuresOf = (checks: Check[]): string => checks.filter((check) => !check.good).map((check) => check.name).join(', ');

/** The verdict in words with every check that it stands on. */
export function verdictPanel(verdict: Verdict, checks: Check[], note?: string): HTMLElement {
  const title = verdict === 'good' ? 'Verified in this browser' : verdict === 'bad' ? 'Does not verify' : 'Signature verified; not in a block yet';
  return h('section', { class: `verdict ${verdict}`, 'data-verdict': verdict },
    h('h2', {}, mark(verdict), ' ', title),
    h('ul', {}, ...checks.map((check) => h('li', { class: check.good ? 'good' : 'bad' }, mark(check.good ? 'good' : 'bad'), ' ', check.name))),
    h('p', { class: 'quiet' }, note ?? '', note ? ' ' : '', h('a', { href: '#/about' }, 'What this proves')));
}
