/** The frame around every page: name, search, ways to go, and what the node's state is. */
import { live } from '../lib/live';
import { save } from '../lib/trust';
import { search } from '../pages/search';
import { fill, h, say } from './dom';

export interface Layout {
  main: HTMLElement;
  root: HTMLElement;
}

export function layout(until: AbortSignal): Layout {
  const main = h('main', { id: 'main', tabindex: '-1' });
  const chain = h('span', { class: 'chain' });
  const state = h('span', { class: 'state', role: 'status' });
  const warnings = h('div', { class: 'warnings', role: 'alert' });
  const root = h('div', { class: 'frame' },
    h('a', { class: 'skip', href: '#main', onclick: (event: Event) => { event.preventDefault(); main.focus(); } }, 'Skip to the page'),
    h('header', {},
      h('a', { class: 'name', href: '#/' }, h('img', { src: './favicon.svg', alt: '', width: 28, height: 28 }), 'Kimura'),
      chain, searchForm(),
      h('nav', { 'aria-label': 'pages' }, link('#/', 'Blocks'), link('#/send', 'Send'), link('#/about', 'About')),
      state),
    warnings, main,
    h('footer', {}, 'Marks are verified in this browser, not by the node. ', h('a', { href: '#/about' }, 'What they prove, and what not')));
  live.listen(() => {
    say(chain, live.status?.chain_id ?? 'no chain id');
    const word = !live.connected ? 'node away' : live.status?.syncing ? 'syncing' : 'live';
    say(state, word);
    state.dataset.state = word;
    warn(warnings);
  }, until);
  return { main, root };
}

function link(href: string, text: string): HTMLElement {
  return h('a', { href }, text);
}

/** Marks the way that leads to the page shown. */
export function markCurrent(root: HTMLElement, route: string): void {
  for (const anchor of root.querySelectorAll('nav a')) {
    const here = anchor.getAttribute('href') === `#/${route}`;
    here ? anchor.setAttribute('aria-current', 'page') : anchor.removeAttribute('aria-current');
  }
}

function searchForm(): HTMLElement {
  const answer = h('output', { class: 'found', role: 'status' });
  const input = h('input', {
    type: 'search', name: 'q', id: 'search', placeholder: 'Height, block hash, message id or public key', autocomplete: 'off', spellcheck: 'false',
    'aria-label': 'Search by height, block hash, message id or public key', 'aria-keyshortcuts': '/', enterkeyhint: 'search',
  });
  const form = h('form', {
    role: 'search',
    onsubmit: async (event: Event) => {
      event.preventDefault();
      say(answer, 'searching …');
      const found = await search(input.value.trim()).catch(() => null);
      say(answer, found === null ? 'nothing here is called that' : '');
      if (found !== null) {
        input.value = '';
        location.hash = found;
      }
    },
    oninput: () => say(answer, ''),
  }, input, h('kbd', { 'aria-hidden': 'true' }, '/'), answer);
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      input.focus();
    }
  });
  return form;
}

let warned = '';

function warn(place: HTMLElement): void {
  const equivocations = live.status?.equivocations ?? 0;
  const told = `${live.changed} ${equivocations}`;
  if (told === warned) {
    return;
  }
  warned = told;
  fill(place,
    live.changed && h('p', { class: 'warning' }, h('strong', {}, live.changed), ' Nothing here will verify. ',
      h('button', { type: 'button', onclick: () => { save(live.status!); location.reload(); } }, 'Trust the node as it is now')),
    equivocations > 0 && h('p', { class: 'warning' },
      h('strong', {}, `The leader has signed two different blocks at one height (${equivocations} seen).`), ' The node keeps the second headers as evidence.'));
}
