import './style.css';
import { live } from './lib/live';
import { aboutPage } from './pages/about';
import { blockPage } from './pages/block';
import { home } from './pages/home';
import { messagePage } from './pages/message';
import { failed, type Page } from './pages/page';
import { sendPage } from './pages/send';
import { senderPage } from './pages/sender';
import { fill, h } from './ui/dom';
import { layout, markCurrent } from './ui/layout';

const pages: Record<string, { title: string; page: Page }> = {
  '': { title: 'Blocks', page: home },
  block: { title: 'Block', page: blockPage },
  message: { title: 'Message', page: messagePage },
  sender: { title: 'Sender', page: senderPage },
  send: { title: 'Send', page: sendPage },
  about: { title: 'About', page: aboutPage },
};

const forever = new AbortController().signal;
const { main, root } = layout(forever);
let current = new AbortController();

async function show(isFirst: boolean): Promise<void> {
  current.abort();
  current = new AbortController();
  const until = current.signal;
  const [route = '', argument = ''] = location.hash.replace(/^#\/?/, '').split('/');
  const known = pages[route] ?? pages['']!;
  document.title = `${known.title}${argument ? ` ${argument.slice(0, 12)}` : ''} · Kimura`;
  markCurrent(root, pages[route] ? route : '');
  if (!isFirst) {
    // At once: later it would take the focus from whatever the reader has gone on to.
    main.focus({ preventScroll: true });
  }
  // Each page has a place of its own: one that comes late fills what nobody sees any more.
  const place = h('div', { class: 'page' });
  try {
    await Promise.all([known.page(place, decodeURIComponent(argument), until), isFirst || swap(place, until)]);
  } catch (error) {
    failed(place, error);
  }
  if (!until.aborted) {
    put(place);
  }
}

function put(place: HTMLElement): void {
  if (main.firstChild !== place) {
    fill(main, place);
    window.scrollTo(0, 0);
  }
}

// The old page stays for a moment, so that a fast answer does not flicker.
async function swap(place: HTMLElement, until: AbortSignal): Promise<void> {
  await new Promise((done) => setTimeout(done, 80));
  if (!until.aborted && place.childElementCount > 0) {
    put(place);
  }
}

async function begin(): Promise<void> {
  document.body.append(root);
  fill(main, h('p', { class: 'quiet empty' }, 'Asking the node …'));
  for (let pause = 250; ; pause = Math.min(2 * pause, 5000)) {
    try {
      await live.start();
      break;
    } catch (error) {
      failed(main, error);
      await new Promise((done) => setTimeout(done, pause));
    }
  }
  window.addEventListener('hashchange', () => void show(false));
  await show(true);
}

void begin();
