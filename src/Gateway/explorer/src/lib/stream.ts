/** Blocks as they come, over WebSocket: each once and in order, through lost connections. */
import { node } from './rpc';
import type { Block } from './types';

const firstPause = 250;
const longestPause = 5000;

export class BlockStream {
  private socket: WebSocket | null = null;
  private pause = firstPause;

  constructor(private next: number, private readonly onBlock: (block: Block) => void, private readonly onState: (connected: boolean) => void) {
    this.connect();
  }

  private connect(): void {
    const address = new URL('ws', node);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: { topic: 'blocks', from_height: this.next } }));
      this.onState(true);
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data as string) as Told);
    socket.onclose = () => {
      if (this.socket === socket) {
        this.onState(false);
        setTimeout(() => this.connect(), this.pause);
        this.pause = Math.min(2 * this.pause, longestPause);
      }
    };
  }

  private take(told: Told): void {
    if (told.error || told.params?.error) {
      this.socket?.close(); // it says why in the error; connecting again is the answer to all of them
    } else if (told.params?.result?.header.height === this.next) {
      this.next++;
      this.pause = firstPause;
      this.onBlock(told.params.result);
    }
  }
}

interface Told {
  error?: unknown;
  params?: { result?: Block; error?: unknown };
}
