import { Button, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useViewer } from './Viewer';

const PAGES = [
  ['/', 'Customers'],
  ['/console/grants', 'Grants'],
  ['/console/credits', 'Credits'],
  ['/console/events', 'Events'],
  ['/console/verification', 'Verification'],
] as const;
const FOR_ADMIN = [
  ['/console/keys', 'Keys'],
  ['/console/webhooks', 'Webhooks'],
] as const;

const ROLES = { ADMIN: 'admin', OPERATOR: 'operator', READER: 'reader', CUSTOMER: 'customer' };

/** What is around every page. */
export function Shell({ leave, children }: { leave: () => void; children: ReactNode }) {
  const viewer = useViewer();
  const isCustomer = viewer.role === 'CUSTOMER';
  return (
    <>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <span className="brand">
          <img src="/console/scrip.svg" alt="" width="22" height="22" />
          Scrip
        </span>
        {!isCustomer && <Pages />}
        <div className="who">
          {!isCustomer && (
            <span className="who-name" title={`Signed in as ${viewer.name}`}>
              {viewer.name}
              {viewer.name !== ROLES[viewer.role] && <span className="dim"> · {ROLES[viewer.role]}</span>}
            </span>
          )}
          <Scheme />
          <Button variant="default" onClick={leave}>
            Sign out
          </Button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function Pages() {
  const [location] = useLocation();
  const { role } = useViewer();
  const isHere = (path: string) =>
    path === '/'
      ? location === '/' || location.startsWith('/console/customers')
      : location.startsWith(path);
  return (
    <nav aria-label="Pages" className="pages">
      {[...PAGES, ...(role === 'ADMIN' ? FOR_ADMIN : [])].map(([path, name]) => (
        <Link key={path} href={path} aria-current={isHere(path) ? 'page' : undefined}>
          {name}
        </Link>
      ))}
      <a href="/graphiql">GraphiQL</a>
    </nav>
  );
}

function Scheme() {
  const { setColorScheme } = useMantineColorScheme();
  const now = useComputedColorScheme('light');
  const other = now === 'light' ? 'dark' : 'light';
  return (
    <Button
      variant="default"
      className="scheme"
      aria-label={`Switch to ${other} colours`}
      title={`Switch to ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      {now === 'light' ? '☾' : '☀'}
    </Button>
  );
}
