import { lazy, Suspense, useMemo, useState } from 'react';
import { Provider, useQuery } from 'urql';
import { Route, Switch } from 'wouter';
import { sessionFor } from './client';
import { ViewerDocument } from './gql/documents';
import { SocketContext } from './parts/Following';
import { Loaded } from './parts/Loaded';
import { Shell } from './parts/Shell';
import { Toasts } from './parts/Toast';
import { ViewerContext } from './parts/Viewer';
import { Customers } from './pages/Customers';
import { NotFound } from './pages/NotFound';
import { SignIn } from './pages/SignIn';
import { currentKey, signIn, signOut } from './session';

const Customer = lazy(async () => ({ default: (await import('./pages/Customer')).Customer }));
const Grants = lazy(async () => ({ default: (await import('./pages/CreditLists')).Grants }));
const Credits = lazy(async () => ({ default: (await import('./pages/CreditLists')).Credits }));
const Events = lazy(async () => ({ default: (await import('./pages/Events')).Events }));
const Webhooks = lazy(async () => ({ default: (await import('./pages/Webhooks')).Webhooks }));
const Deliveries = lazy(async () => ({ default: (await import('./pages/Deliveries')).Deliveries }));
const Verification = lazy(async () => ({ default: (await import('./pages/Verification')).Verification }));
const Keys = lazy(async () => ({ default: (await import('./pages/Keys')).Keys }));

/** The session: nobody is signed in, or somebody is. */
export function App() {
  const [key, setKey] = useState(currentKey);
  const [refused, setRefused] = useState(false);
  const enter = (given: string) => {
    signIn(given);
    setRefused(false);
    setKey(currentKey());
  };
  const leave = (because: 'asked' | 'refused') => {
    signOut();
    setRefused(because === 'refused');
    setKey(null);
  };
  if (key === null) return <SignIn refused={refused} enter={enter} />;
  return <SignedIn key={key} apiKey={key} leave={leave} />;
}

function SignedIn({
  apiKey,
  leave,
}: {
  apiKey: string;
  leave: (because: 'asked' | 'refused') => void;
}) {
  const { client, socket } = useMemo(() => sessionFor(apiKey, () => leave('refused')), [apiKey]);
  return (
    <Provider value={client}>
      <SocketContext value={socket}>
        <Toasts>
          <Pages leave={() => leave('asked')} />
        </Toasts>
      </SocketContext>
    </Provider>
  );
}

function Pages({ leave }: { leave: () => void }) {
  const result = useQuery({ query: ViewerDocument, requestPolicy: 'cache-first' });
  return (
    <Loaded result={result}>
      {({ viewer }) => (
        <ViewerContext.Provider value={viewer}>
          <Shell leave={leave}>
            <Suspense fallback={<div role="status" aria-label="Loading" />}>
              {viewer.role === 'CUSTOMER' ? (
                <Customer id={viewer.customer?.id ?? ''} />
              ) : (
                <Switch>
                  <Route path="/" component={Customers} />
                  <Route path="/console" component={Customers} />
                  <Route path="/console/customers/:id">{({ id }) => <Customer id={id} />}</Route>
                  <Route path="/console/grants" component={Grants} />
                  <Route path="/console/credits" component={Credits} />
                  <Route path="/console/events" component={Events} />
                  <Route path="/console/verification" component={Verification} />
                  {viewer.role === 'ADMIN' && <Route path="/console/keys" component={Keys} />}
                  {viewer.role === 'ADMIN' && <Route path="/console/webhooks" component={Webhooks} />}
                  {viewer.role === 'ADMIN' && (
                    <Route path="/console/webhooks/:id">{({ id }) => <Deliveries key={id} id={id} />}</Route>
                  )}
                  <Route component={NotFound} />
                </Switch>
              )}
            </Suspense>
          </Shell>
        </ViewerContext.Provider>
      )}
    </Loaded>
  );
}
