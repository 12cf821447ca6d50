import { defineConfig } from 'vite';

// Everything is a file of its own: the page is served under a content security policy without inline code, styles or data: addresses.
export default defineConfig({
  base: './',
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/ws': { target: 'http://127.0.0.1:8545', ws: true } } },
});
