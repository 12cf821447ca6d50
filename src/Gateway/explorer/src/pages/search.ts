/** From what somebody typed to the page that shows it. */
import { callAll, RpcError } from '../lib/rpc';
import type { Block, Message } from '../lib/types';

/** The page's address; null if there is none. */
export async function search(text: string): Promise<string | null> {
  const value = text.toLowerCase().replace(/^0x/, '').replaceAll(/[\s,]/g, '');
  if (/^\d{1,20}$/.test(value)) {
    return `#/block/${value}`;
  }
  if (/^0[23][0-9a-f]{64}$/.test(value)) {
    return `#/sender/${value}`;
  }
  if (!/^[0-9a-f]{64}$/.test(value)) {
    return null;
  }
  const [message, block] = await callAll<Message | Block>([
    { method: 'get_message', params: { message_id: value } },
    { method: 'get_block', params: { height: value } },
  ]);
  if (!(message instanceof RpcError)) {
    return `#/message/${value}`;
  }
  return block instanceof RpcError ? null : `#/block/${(block as Block).header.height}`;
}
