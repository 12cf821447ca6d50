/** How the node is and its newest blocks, for whatever part of the page shows them. */
import { checkBlock, verdictOf, type Anchor, type Check, type Verdict } from './checks';
import { call } from './rpc';
import { BlockStream } from './stream';
import { pinOf } from './trust';
import type { Block, Status } from './types';

const kept = 60;
const statusEvery = 1000;

export interface LiveBlock {
  block: Block;
  checks: Check[];
  verdict: Verdict;
}

type Listener = () => void;

class Live {
  status: Status | null = null;
  anchor: Anchor | null = null;
  /** Why what the node says is not what was pinned; null if it is. */
  changed: string | null = null;
  connected = false;
  /** Oldest first, without a gap. */
  blocks: LiveBlock[] = [];
  /** The pool's size with each status, oldest first. */
  pending: number[] = [];
  private readonly listeners = new Set<Listener>();
  private frame = 0;

  get tip(): number {
    return Math.max(this.status?.height ?? 0, this.blocks.at(-1)?.block.header.height ?? 0);
  }

  /** Calls the listener at every change, until the signal ends it. */
  listen(listener: Listener, until: AbortSignal): void {
    this.listeners.add(listener);
    until.addEventListener('abort', () => this.listeners.delete(listener));
  }

  /** Begins; resolves when the node has said how it is. */
  async start(): Promise<void> {
    const status = await call<Status>('get_status');
    this.take(status);
    new BlockStream(Math.max(0, status.height - kept + 1), (block) => this.add(block), (connected) => {
      this.connected = connected;
      this.changedNow();
    });
    void this.poll();
  }

  private async poll(): Promise<void> {
    while (true) {
      await new Promise((done) => setTimeout(done, statusEvery));
      try {
        this.take(await call<Status>('get_status'));
      } catch {
        // The stream's state shows that the node is away.
      }
    }
  }

  private take(status: Status): void {
    const { anchor, changed } = pinOf(status);
    this.status = status;
    this.anchor = anchor;
    this.changed = changed;
    this.pending = [...this.pending, status.pending].slice(-kept);
    this.changedNow();
  }

  private add(block: Block): void {
    const checks = checkBlock(block, this.anchor!);
    const previous = this.blocks.at(-1)?.block;
    if (previous) {
      checks.push({ name: 'follows the block before', good: block.header.prev_hash === previous.hash });
    }
    this.blocks = [...this.blocks, { block, checks, verdict: verdictOf(checks) }].slice(-kept);
    this.changedNow();
  }

  // At most once a frame, and at once where no frame is drawn.
  private changedNow(): void {
    if (this.frame === 0) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.listeners.forEach((listener) => listener());
      });
    }
  }
}

export const live = new Live();
