/** A small line over the last blocks. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { h } from './dom';

const height = 72;

export interface Plot {
  element: HTMLElement;
  show(xs: number[], ys: (number | null)[], now: string): void;
}

/** The plot is for the eye; its newest value stands beside the title as text. */
export function plot(title: string, until: AbortSignal): Plot {
  const value = h('output', {}, '–');
  const canvas = h('div', { class: 'canvas', 'aria-hidden': 'true' });
  const element = h('figure', { class: 'plot' }, h('figcaption', {}, h('span', {}, title), value), canvas);
  let chart: uPlot | null = null;
  const make = () => {
    chart?.destroy();
    chart = new uPlot(options(canvas), [[], []], canvas);
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const recolour = () => {
    const data = chart?.data;
    make();
    if (data) {
      chart!.setData(data);
    }
  };
  dark.addEventListener('change', recolour, { signal: until });
  const observer = new ResizeObserver(() => chart?.setSize({ width: canvas.clientWidth, height }));
  observer.observe(canvas);
  until.addEventListener('abort', () => {
    observer.disconnect();
    chart?.destroy();
  });
  return {
    element,
    show(xs, ys, now) {
      if (!chart && canvas.clientWidth > 0) {
        make();
      }
      chart?.setData([xs, ys]);
      value.textContent = now;
    },
  };
}

function options(canvas: HTMLElement): uPlot.Options {
  const style = getComputedStyle(canvas);
  const accent = style.getPropertyValue('--accent').trim();
  return {
    width: canvas.clientWidth,
    height,
    padding: [6, 2, 6, 2],
    legend: { show: false },
    cursor: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: { x: { time: false }, y: { range: (_, least, most) => [Math.min(0, least), Math.max(most * 1.1, 1)] } },
    series: [{}, { stroke: accent, width: 1.5, fill: `color-mix(in srgb, ${accent} 14%, transparent)`, points: { show: false } }],
  };
}
