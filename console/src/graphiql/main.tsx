import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './graphiql.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { socketFor } from '../lib/socket';
import { currentKey, signIn, signOut, takeKeyFromLink } from '../session';
import { lookAround } from './around';
import { type Around, opening } from './examples';

takeKeyFromLink();
window.addEventListener('hashchange', () => {
  if (takeKeyFromLink()) window.location.reload();
});

/** How often a subscription that broke off starts again by itself. */
const RETRIES = 5;

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no place for the playground');
const apiKey = currentKey();
createRoot(root).render(
  apiKey === null ? <SignIn /> : <Playground apiKey={apiKey} around={await lookAround(apiKey)} />,
);

function Playground({ apiKey, around }: { apiKey: string; around: Around }) {
  const fetcher = createGraphiQLFetcher({
    url: '/graphql',
    headers: { authorization: `Bearer ${apiKey}` },
    wsClient: socketFor(apiKey, RETRIES),
  });
  const leave = () => {
    signOut();
    window.location.reload();
  };
  return (
    <GraphiQL fetcher={fetcher} {...opening(around)} defaultEditorToolsVisibility="variables">
      <GraphiQL.Logo>
        <a href="/" className="playground-logo">
          Scrip
        </a>
        <button type="button" className="playground-leave" onClick={leave}>
          Sign out
        </button>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

function SignIn() {
  return (
    <main className="playground-sign-in">
      <form
        aria-label="Sign in"
        onSubmit={(event) => {
          event.preventDefault();
          const key = new FormData(event.currentTarget).get('key');
          if (typeof key !== 'string' || key.trim() === '') return;
          signIn(key);
          window.location.reload();
        }}
      >
        <h1>Scrip · GraphiQL</h1>
        <label htmlFor="key">Key</label>
        <input id="key" name="key" type="password" autoComplete="off" spellCheck={false} placeholder="scrip_…" />
        <button type="submit">Sign in</button>
        <p>
          It is kept in this tab only. <a href="/">Console</a>
        </p>
      </form>
    </main>
  );
}
