import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './graphiql.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { createRoot } from 'react-dom/client';
import { currentKey, signIn, signOut, takeKeyFromLink } from '../session';
import { opening } from './examples';

takeKeyFromLink();
window.addEventListener('hashchange', () => {
  if (takeKeyFromLink()) window.location.reload();
});

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no place for the playground');
createRoot(root).render(<Playground apiKey={currentKey()} />);

function Playground({ apiKey }: { apiKey: string | null }) {
  if (apiKey === null) return <SignIn />;
  const socket = new URL('/graphql', window.location.href);
  socket.protocol = socket.protocol === 'https:' ? 'wss:' : 'ws:';
  const authorization = `Bearer ${apiKey}`;
  const fetcher = createGraphiQLFetcher({
    url: '/graphql',
    headers: { authorization },
    wsClient: createClient({ url: socket.href, connectionParams: { authorization } }),
  });
  const leave = () => {
    signOut();
    window.location.reload();
  };
  return (
    <GraphiQL fetcher={fetcher} {...opening()} defaultEditorToolsVisibility="variables">
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
