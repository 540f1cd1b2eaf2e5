import type { ReactNode } from 'react';
import { CreditsDocument, GrantsDocument } from '../gql/documents';
import { Empty } from '../parts/bits';
import { Page, usePaged } from '../parts/Paged';
import { CreditTable, GrantTable } from '../parts/tables';
import { useView } from '../parts/Views';
import { useTitle } from '../lib/title';

const SIZE = 50;
const order = 'NEWEST_FIRST';

/** The grants of all customers. */
export function Grants() {
  const { filter, choice } = useView('grants', 'EXPIRED');
  const paged = usePaged('grants', SIZE, GrantsDocument, { filter, order });
  return (
    <Frame title="Grants" tools={paged.copy} choice={choice}>
      <Page of={paged} list={(data) => data.creditGrants} what="grants" none={<Empty title="No such grants" />}>
        {(rows) => <GrantTable rows={rows} withCustomer />}
      </Page>
    </Frame>
  );
}

/** The credits of all customers. */
export function Credits() {
  const { filter, choice } = useView('credits', 'ENDED');
  const paged = usePaged('credits', SIZE, CreditsDocument, { filter, order });
  return (
    <Frame title="Credits" tools={paged.copy} choice={choice}>
      <Page of={paged} list={(data) => data.credits} what="credits" none={<Empty title="No such credits" />}>
        {(rows) => <CreditTable rows={rows} withCustomer />}
      </Page>
    </Frame>
  );
}

function Frame({ title, tools, choice, children }: { title: string; tools: ReactNode; choice: ReactNode; children: ReactNode }) {
  useTitle(title);
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
        <div className="tools">{tools}</div>
      </div>
      <div className="filters">{choice}</div>
      {children}
    </>
  );
}
