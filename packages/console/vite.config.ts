import { defineConfig } from 'vite';

export default defineConfig({
  base: '/console/',
  build: {
    // The files keep their names as long as they keep their content, so browsers may keep them.
    assetsDir: 'assets',
    emptyOutDir: true,
    // An inlined asset would be a data URL, which the page's policy refuses for everything but images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: 'es2022',
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
