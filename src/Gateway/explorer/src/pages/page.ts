/** What a page is: it fills its place, and lets go of everything when the signal says so. */
import { h, fill } from '../ui/dom';
import { RpcError } from '../lib/rpc';

export type Page = (place: HTMLElement, argument: string, until: AbortSignal) => Promise<void> | void;

/** A page that is not there, or cannot be now. */
export function failed(place: HTMLElement, error: unknown): void {
  const [title, text] = error instanceof RpcError && error.code === -32004
    ? ['Not found', 'The node has nothing with this name.']
    : error instanceof RpcError && error.code === -32602
      ? ['Not a name', 'A height is a whole number, an id has 64 hex digits, a key 66.']
      : ['No answer', error instanceof Error ? error.message : String(error)];
  fill(place, h('section', { class: 'card empty' }, h('h1', {}, title), h('p', {}, text), h('p', {}, h('a', { href: '#/' }, 'To the newest blocks'))));
}
