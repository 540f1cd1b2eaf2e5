import { Menu } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { EditCredit } from '../../actions/EditCredit';
import { EditGrant } from '../../actions/EditGrant';
import { EndCredit, EndGrant } from '../../actions/EndCredit';
import { ManualEntry } from '../../actions/ManualEntry';
import type { Subject } from '../../actions/subject';
import { VoidCredit, VoidGrant } from '../../actions/Void';
import {
  type CreditRowFragment,
  CustomerCreditsDocument,
  CustomerGrantsDocument,
  type GrantRowFragment,
} from '../../gql/documents';
import { Empty, RowMenu, Section } from '../../parts/bits';
import { Page, usePaged } from '../../parts/Paged';
import { CreditTable, GrantTable } from '../../parts/tables';
import { useMayWrite } from '../../parts/Viewer';
import { useView } from '../../parts/Views';

export type Deed = 'edit' | 'end' | 'void' | 'manual';

const SIZE = 25;
const order = 'NEWEST_FIRST';

/** Grants and credits of a customer, and what can be done with each. */
export function CreditTab({ subject }: { subject: Subject }) {
  return (
    <>
      <Grants subject={subject} />
      <Credits subject={subject} />
    </>
  );
}

function Grants({ subject }: { subject: Subject }) {
  const [picked, setPicked] = useState<{ row: GrantRowFragment; deed: Deed } | null>(null);
  const mayWrite = useMayWrite();
  const { filter, choice } = useView('grants', 'EXPIRED', subject.testClock?.frozenTime);
  const paged = usePaged('grants', SIZE, CustomerGrantsDocument, { id: subject.id, filter, order });
  const menu = (row: GrantRowFragment) => <GrantMenu row={row} pick={(deed) => setPicked({ row, deed })} />;
  return (
    <Section title="Grants" tools={paged.copy}>
      {choice}
      <Page of={paged} list={({ customer }) => customer?.creditGrants} what="grants" none={<Empty title="No grants" />}>
        {(rows) => <GrantTable rows={rows} actions={mayWrite ? menu : undefined} />}
      </Page>
      {picked !== null && grantDeed(picked.deed, picked.row, subject, () => setPicked(null))}
    </Section>
  );
}

function Credits({ subject }: { subject: Subject }) {
  const [picked, setPicked] = useState<{ row: CreditRowFragment; deed: Deed } | null>(null);
  const mayWrite = useMayWrite();
  const { filter, choice } = useView('credits', 'ENDED', subject.testClock?.frozenTime);
  const paged = usePaged('credits', SIZE, CustomerCreditsDocument, { id: subject.id, filter, order });
  const menu = (row: CreditRowFragment) => <CreditMenu row={row} pick={(deed) => setPicked({ row, deed })} />;
  return (
    <Section title="Credits" tools={paged.copy}>
      {choice}
      <Page of={paged} list={({ customer }) => customer?.credits} what="credits" none={<Empty title="No credits" />}>
        {(rows) => <CreditTable rows={rows} actions={mayWrite ? menu : undefined} />}
      </Page>
      {picked !== null && creditDeed(picked.deed, picked.row, subject, () => setPicked(null))}
    </Section>
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
