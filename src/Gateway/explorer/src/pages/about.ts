/** What the marks prove, in plain words. */
import { live } from '../lib/live';
import { node } from '../lib/rpc';
import { fill, h } from '../ui/dom';
import { hex, time } from '../ui/format';
import { mark } from '../ui/mark';
import { field } from './block';
import type { Page } from './page';

export const aboutPage: Page = (place) => {
  const { anchor, status } = live;
  fill(place,
    h('article', { class: 'prose' },
      h('h1', {}, 'What a mark proves'),
      h('p', {}, mark('good'), ' on a ', h('strong', {}, 'message'), ': the sender’s key signed exactly these bytes for this chain; the message is at this place of this block; ',
        'and the leader’s key signed that block. All of it was computed here, from the bytes, with BLAKE3 and secp256k1.'),
      h('p', {}, mark('good'), ' on a ', h('strong', {}, 'block'), ': its hash is that of its header, the leader’s key signed it, its list of messages is the one that the header commits to, ',
        'and in the list of newest blocks each follows the one before.'),
      h('p', {}, mark('bad'), ' means that one of these does not hold: what the node sent is not what was signed. Point at the mark, or open the page, to see which.'),
      h('p', {}, mark('waiting'), ' means that the message is stored and signed but in no block yet.'),
      h('h2', {}, 'What it does not prove'),
      h('ul', {},
        h('li', {}, 'That others see the same chain. Compare a block’s hash with another node, or with one that you have kept.'),
        h('li', {}, 'That the time is right. The leader stamps messages and blocks; the sender does not sign the time.'),
        h('li', {}, 'That nothing was held back. A node can leave out a message before it is in a block; once it is, the block proves it.'),
        h('li', {}, 'That this page is honest. ', h('strong', {}, 'It came from the node it checks.'), ' A node that lies could send a page that paints every mark green.')),
      h('h2', {}, 'Not trusting the node for the page'),
      h('p', {}, 'Build the page from source and serve it from a place of your own; it can look at any node:'),
      h('pre', {}, 'cd src/Gateway/explorer\nnpm ci && npm run build && npm run preview\n# then open http://localhost:4173/?node=http://127.0.0.1:8545/'),
      h('p', {}, 'Or check on the command line, with another program altogether:'),
      h('pre', {}, 'python3 kimura.py message verify ID'),
      h('h2', {}, 'What this browser holds the node to'),
      h('p', {}, 'Chain id and leader key were pinned when this browser first saw the node. Compare the key with one that you have by another way.')),
    anchor && status && h('dl', { class: 'card fields' },
      ...field('Node', node.origin), ...field('Chain id', anchor.chainId ?? '(none)'), ...field('Leader key', hex(anchor.leaderKey)),
      ...field('Genesis block', hex(status.genesis_hash)), ...field('Pinned', time((anchor as { since?: number }).since ?? 0))));
};
