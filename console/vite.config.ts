import { convertCssVariables, defaultCssVariablesResolver, mergeMantineTheme, DEFAULT_THEME } from '@mantine/core';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { theme } from './src/theme.ts';

// A server of yours for `npm run dev`.
const server = process.env.SCRIP_URL ?? 'http://127.0.0.1:8080';

/** The variables of the theme as a style sheet: written by a script, the policy would forbid them. */
function themeVariables(): Plugin {
  const name = 'virtual:theme.css';
  return {
    name: 'theme-variables',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load: (id) => {
      if (id !== `\0${name}`) return undefined;
      const whole = mergeMantineTheme(DEFAULT_THEME, theme);
      return convertCssVariables(defaultCssVariablesResolver(whole), ':root');
    },
  };
}

export default defineConfig({
  base: '/console/',
  plugins: [themeVariables(), react()],
  build: {
    target: 'es2022',
    // A file of another kind inside a script or a style sheet is not what the policy allows.
    assetsInlineLimit: 0,
    // Workers of the playground's editor are large; the first page is measured by a test.
    chunkSizeWarningLimit: 4000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ['index.html', 'graphiql.html'],
      onLog(level, log, handler) {
        // Of packages that were made for a compiler of React which is not in use here.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handler(level, log);
      },
    },
  },
  worker: { format: 'es' },
  // Imports workers, which only a bundler knows.
  optimizeDeps: { exclude: ['graphiql/setup-workers/vite', '@graphiql/react/setup-workers/vite'] },
  server: { proxy: { '/graphql': { target: server, ws: true } } },
});
