/** Values as people read them. */
import { h } from './dom';

const whole = new Intl.NumberFormat('en');
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export const count = (value: number): string => whole.format(value);

export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

export function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - milliseconds) / 1000));
  if (seconds < 60) {
    return seconds === 0 ? 'now' : `${seconds} s ago`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min ago`;
  }
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1440)} d ago`;
}

/** A time of the chain, with its milliseconds in the tooltip. */
export function time(milliseconds: number): HTMLElement {
  const date = new Date(milliseconds);
  return h('time', { datetime: date.toISOString(), title: date.toISOString() }, milliseconds === 0 ? 'before time began' : moment.format(date));
}

/** A long hex value, cut in the middle by the style sheet, whole for copying. */
export function hex(value: string, href?: string): HTMLElement {
  const inner = [h('span', { class: 'head' }, value.slice(0, -8)), h('span', { class: 'tail' }, value.slice(-8))];
  return href ? h('a', { class: 'hex', href, title: value }, ...inner) : h('span', { class: 'hex', title: value }, ...inner);
}

export const blockLink = (height: number): HTMLElement => h('a', { href: `#/block/${height}` }, count(height));
