import { Button, Menu, Tabs } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { ArchiveCustomer } from '../actions/ArchiveCustomer';
import { CustomerLink } from '../actions/CustomerLink';
import { DrawDown } from '../actions/DrawDown';
import { NewCredit } from '../actions/NewCredit';
import { NewGrant } from '../actions/NewGrant';
import type { Subject } from '../actions/subject';
import { BOOKS } from '../client';
import { CustomerDocument, type TestClockStatus } from '../gql/documents';
import { useInAddress } from '../lib/address';
import { When } from '../lib/time';
import { Empty, Id } from '../parts/bits';
import { CopyGraphql } from '../parts/CopyGraphql';
import { Following } from '../parts/Following';
import { Loaded } from '../parts/Loaded';
import { Made, type MadeText } from '../parts/Made';
import { useMayWrite, useViewer } from '../parts/Viewer';
import { Balances } from './customer/Balances';
import { CreditTab } from './customer/CreditTab';
import { DrawdownTab } from './customer/DrawdownTab';
import { LedgerTab } from './customer/LedgerTab';
import { EventList } from './Events';
import { useTitle } from '../lib/title';

const Chart = lazy(async () => ({ default: (await import('./customer/Chart')).Chart }));

export function Customer({ id }: { id: string }) {
  const variables = { id };
  const result = useQuery({ query: CustomerDocument, variables, context: BOOKS });
  return (
    <Loaded result={result} rows={10}>
      {({ customer }) =>
        customer === null ? (
          <>
            <div className="page-head">
              <h1>There is no such customer</h1>
            </div>
            <Link href="/">All customers</Link>
          </>
        ) : (
          <Following key={id} owner={customer} again={() => result[1]({ requestPolicy: 'network-only' })}>
            <Found subject={customer} />
          </Following>
        )
      }
    </Loaded>
  );
}

function Found({ subject }: { subject: Subject }) {
  useTitle(subject.name);
  const [picked, setPicked] = useInAddress('unit', '', 'ledger');
  const [tab, setTab] = useInAddress('tab', 'credit');
  const { role } = useViewer();
  const balances = subject.balances;
  const current = balances.find(({ creditType }) => creditType.id === picked) ?? balances[0];
  return (
    <>
      {role !== 'CUSTOMER' && (
        <nav aria-label="Path" className="crumbs">
          <Link href="/">Customers</Link> <span aria-hidden="true">/</span>
        </nav>
      )}
      <Head subject={subject} unitId={current?.creditType.id ?? null} />
      {current === undefined ? (
        <Empty title="No credit yet">What this customer is granted shows here.</Empty>
      ) : (
        <>
          <Balances balances={balances} current={current.creditType.id} pick={setPicked} />
          <Suspense fallback={<div className="chart-space" role="status" aria-label="Loading the chart" />}>
            <Chart
              key={current.creditType.id}
              customerId={subject.id}
              unit={current.creditType}
              asOf={current.asOf}
              state={`${current.posted} ${current.sequence} ${current.scheduled}`}
            />
          </Suspense>
        </>
      )}
      <Tabs value={tab} onChange={(next) => setTab(next ?? 'credit')} keepMounted={false} className="tabs">
        <Tabs.List>
          <Tabs.Tab value="credit">Grants and credits</Tabs.Tab>
          <Tabs.Tab value="ledger">Ledger</Tabs.Tab>
          <Tabs.Tab value="drawdowns">Drawdowns and holds</Tabs.Tab>
          {role !== 'CUSTOMER' && <Tabs.Tab value="events">Events</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="credit">
          <CreditTab subject={subject} />
        </Tabs.Panel>
        <Tabs.Panel value="ledger">
          <LedgerTab subject={subject} unitId={current?.creditType.id ?? null} />
        </Tabs.Panel>
        <Tabs.Panel value="drawdowns">
          <DrawdownTab subject={subject} />
        </Tabs.Panel>
        <Tabs.Panel value="events">
          <EventList filter={{ customerIds: [subject.id] }} withCustomer={false} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** What is said of a clock that does not just stand where it is. */
const CLOCKS: Record<TestClockStatus, string> = {
  READY: '',
  ADVANCING: ' and is being advanced',
  DELETING: ' and is being deleted',
  DELETED: ' and was deleted',
};

type Open = 'grant' | 'credit' | 'drawdown' | 'archive' | 'link';

function Head({ subject, unitId }: { subject: Subject; unitId: string | null }) {
  const [open, setOpen] = useState<Open | null>(null);
  const [link, setLink] = useState<MadeText | null>(null);
  const mayWrite = useMayWrite() && subject.archivedAt === null;
  const close = () => setOpen(null);
  return (
    <div className="page-head">
      <div>
        <h1>
          {subject.name}
          {subject.archivedAt !== null && <span className="tag">Archived</span>}
        </h1>
        <p className="facts">
          {subject.externalId !== null && <code>{subject.externalId}</code>}
          <Id id={subject.id} />
          <span>
            since <When at={subject.createdAt} dayOnly />
          </span>
          {subject.testClock !== null && (
            <span className="tag clock">
              Test clock {subject.testClock.name} shows <When at={subject.testClock.frozenTime} />
              {CLOCKS[subject.testClock.status]}
            </span>
          )}
          {Object.entries(asObject(subject.customFields)).map(([name, value]) => (
            <span key={name}>
              {name}: {typeof value === 'string' ? value : JSON.stringify(value)}
            </span>
          ))}
        </p>
      </div>
      <div className="tools">
        <CopyGraphql document={CustomerDocument} variables={{ id: subject.id }} />
        {mayWrite && (
          <>
            <Menu position="bottom-end">
              <Menu.Target>
                <Button variant="default" aria-label="More actions">
                  More
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => setOpen('link')}>Link for the customer</Menu.Item>
                <Menu.Item onClick={() => setOpen('archive')}>Archive customer</Menu.Item>
              </Menu.Dropdown>
            </Menu>
            <Button variant="default" onClick={() => setOpen('drawdown')}>
              Draw down
            </Button>
            <Button variant="default" onClick={() => setOpen('credit')}>
              New credit
            </Button>
            <Button onClick={() => setOpen('grant')}>New grant</Button>
          </>
        )}
      </div>
      {open === 'grant' && <NewGrant subject={subject} unitId={unitId} close={close} />}
      {open === 'credit' && <NewCredit subject={subject} unitId={unitId} close={close} />}
      {open === 'drawdown' && <DrawDown subject={subject} unitId={unitId} close={close} />}
      {open === 'link' && <CustomerLink subject={subject} made={(text) => setLink({ text })} close={close} />}
      {link !== null && (
        <Made title="The link" text={link.text} lost="Make another; the lost one ends by itself." close={() => setLink(null)} />
      )}
      {open === 'archive' && <ArchiveCustomer subject={subject} close={close} />}
    </div>
  );
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
