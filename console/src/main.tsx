import '@mantine/core/styles.css';
import 'virtual:theme.css';
import './app.css';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { takeKeyFromLink } from './session';
import { theme } from './theme';

takeKeyFromLink();
// A link opened in a tab where the console is open already only changes the part behind the `#`.
window.addEventListener('hashchange', () => {
  if (takeKeyFromLink()) window.location.reload();
});

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no place for the console');
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      // Both would write style elements, which the policy forbids; `virtual:theme.css` has them.
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <App />
    </MantineProvider>
  </StrictMode>,
);
