import { Button, Menu } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useQuery } from 'urql';
import { EditCredit } from '../../actions/EditCredit';
import { EditGrant } from '../../actions/EditGrant';
import { EndCredit, EndGrant } from '../../actions/EndCredit';
import { ManualEntry } from '../../actions/ManualEntry';
import type { Subject } from '../../actions/subject';
import { VoidCredit, VoidGrant } from '../../actions/Void';
import { BOOKS } from '../../client';
import { type CreditRowFragment, CustomerCreditDocument, type GrantRowFragment } from '../../gql/documents';
import { Empty, Section } from '../../parts/bits';
import { CopyGraphql } from '../../parts/CopyGraphql';
import { Loaded } from '../../parts/Loaded';
import { CreditTable, GrantTable } from '../../parts/tables';
import { useMayWrite } from '../../parts/Viewer';

export type Deed = 'edit' | 'end' | 'void' | 'manual';

/** Grants and credits of a customer, and what can be done with each. */
export function CreditTab({ subject }: { subject: Subject }) {
  const variables = { id: subject.id };
  const result = useQuery({ query: CustomerCreditDocument, variables, context: BOOKS });
  const [grant, setGrant] = useState<{ row: GrantRowFragment; deed: Deed } | null>(null);
  const [credit, setCredit] = useState<{ row: CreditRowFragment; deed: Deed } | null>(null);
  const mayWrite = useMayWrite();
  const tools = <CopyGraphql document={CustomerCreditDocument} variables={variables} />;
  const more = (page: { hasNextPage: boolean }) =>
    page.hasNextPage && <p className="dim">The newest 100 are shown.</p>;
  return (
    <Loaded result={result}>
      {({ customer }) =>
        customer !== null && (
          <>
            <Section title="Grants" tools={tools}>
              {customer.creditGrants.nodes.length === 0 ? (
                <Empty title="No grants" />
              ) : (
                <GrantTable
                  grants={customer.creditGrants.nodes}
                  actions={
                    mayWrite
                      ? (row) => <GrantMenu row={row} pick={(deed) => setGrant({ row, deed })} />
                      : undefined
                  }
                />
              )}
              {more(customer.creditGrants.pageInfo)}
            </Section>
            <Section title="Credits" tools={tools}>
              {customer.credits.nodes.length === 0 ? (
                <Empty title="No credits" />
              ) : (
                <CreditTable
                  credits={customer.credits.nodes}
                  actions={
                    mayWrite
                      ? (row) => <CreditMenu row={row} pick={(deed) => setCredit({ row, deed })} />
                      : undefined
                  }
                />
              )}
              {more(customer.credits.pageInfo)}
            </Section>
            {grant !== null && grantDeed(grant.deed, grant.row, subject, () => setGrant(null))}
            {credit !== null && creditDeed(credit.deed, credit.row, subject, () => setCredit(null))}
          </>
        )
      }
    </Loaded>
  );
}

function grantDeed(deed: Deed, grant: GrantRowFragment, subject: Subject, close: () => void): ReactNode {
  const props = { grant, subject, close };
  switch (deed) {
    case 'edit':
      return <EditGrant {...props} />;
    case 'end':
      return <EndGrant {...props} />;
    case 'void':
      return <VoidGrant {...props} />;
    case 'manual':
      return <ManualEntry of={{ grant }} subject={subject} close={close} />;
  }
}

function creditDeed(deed: Deed, credit: CreditRowFragment, subject: Subject, close: () => void): ReactNode {
  const props = { credit, subject, close };
  switch (deed) {
    case 'edit':
      return <EditCredit {...props} />;
    case 'end':
      return <EndCredit {...props} />;
    case 'void':
      return <VoidCredit {...props} />;
    case 'manual':
      return <ManualEntry of={{ credit }} subject={subject} close={close} />;
  }
}

function GrantMenu({ row, pick }: { row: GrantRowFragment; pick: (deed: Deed) => void }) {
  if (row.status === 'VOIDED') return null;
  const started = row.status === 'ACTIVE' || row.status === 'DEPLETED';
  return (
    <RowMenu name={row.name}>
      <Menu.Item onClick={() => pick('edit')}>Edit</Menu.Item>
      {started && <Menu.Item onClick={() => pick('manual')}>Add a manual entry</Menu.Item>}
      {started && <Menu.Item onClick={() => pick('end')}>End now</Menu.Item>}
      <Menu.Item className="danger" onClick={() => pick('void')}>
        Void
      </Menu.Item>
    </RowMenu>
  );
}

function CreditMenu({ row, pick }: { row: CreditRowFragment; pick: (deed: Deed) => void }) {
  if (row.status === 'VOIDED') return null;
  const open = row.status === 'ACTIVE' || row.status === 'DEPLETED';
  return (
    <RowMenu name={row.name ?? row.product.name}>
      <Menu.Item onClick={() => pick('edit')}>Edit</Menu.Item>
      {open && <Menu.Item onClick={() => pick('manual')}>Add a manual entry</Menu.Item>}
      {row.status !== 'ENDED' && <Menu.Item onClick={() => pick('end')}>End</Menu.Item>}
      <Menu.Item className="danger" onClick={() => pick('void')}>
        Void
      </Menu.Item>
    </RowMenu>
  );
}

function RowMenu({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button variant="subtle" color="gray" className="quiet" aria-label={`Actions for ${name}`}>
          •••
        </Button>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}

