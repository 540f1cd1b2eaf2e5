import { SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { BOOKS } from '../client';
import { type CreditGrantFilter, GrantsDocument, type GrantsQueryVariables } from '../gql/documents';
import { daysFrom } from '../lib/time';
import { Empty } from '../parts/bits';
import { CopyGraphql } from '../parts/CopyGraphql';
import { Loaded } from '../parts/Loaded';
import { Pager, usePlace } from '../parts/Pager';
import { GrantTable } from '../parts/tables';

/** What is asked for often. */
const VIEWS: { value: string; label: string; filter: () => CreditGrantFilter }[] = [
  { value: 'all', label: 'All', filter: () => ({}) },
  { value: 'active', label: 'Active', filter: () => ({ status: ['ACTIVE'] }) },
  { value: 'scheduled', label: 'Scheduled', filter: () => ({ status: ['SCHEDULED'] }) },
  {
    value: 'expiring',
    label: 'Expiring in 30 days',
    filter: () => ({ status: ['ACTIVE'], expiringBefore: daysFrom(Date.now(), 30) }),
  },
  { value: 'depleted', label: 'Depleted', filter: () => ({ status: ['DEPLETED'] }) },
  { value: 'expired', label: 'Expired', filter: () => ({ status: ['EXPIRED'] }) },
  { value: 'voided', label: 'Voided', filter: () => ({ status: ['VOIDED'] }) },
];

export function Grants() {
  const [view, setView] = useState('all');
  const place = usePlace(50, view);
  const filter = useMemo(() => VIEWS.find(({ value }) => value === view)?.filter() ?? {}, [view]);
  const variables: GrantsQueryVariables = {
    filter,
    order: 'NEWEST_FIRST',
    ...place.variables,
  };
  const result = useQuery({ query: GrantsDocument, variables, context: BOOKS });
  return (
    <>
      <div className="page-head">
        <h1>Grants</h1>
        <div className="tools">
          <CopyGraphql document={GrantsDocument} variables={variables} />
        </div>
      </div>
      <div className="filters">
        <SegmentedControl
          aria-label="Which grants"
          data={VIEWS.map(({ value, label }) => ({ value, label }))}
          value={view}
          onChange={setView}
        />
      </div>
      <Loaded result={result} rows={12}>
        {({ creditGrants }) =>
          creditGrants.nodes.length === 0 ? (
            <Empty title="No such grants" />
          ) : (
            <>
              <GrantTable grants={creditGrants.nodes} withCustomer />
              <Pager page={creditGrants.pageInfo} go={place.go} what="grants" />
            </>
          )
        }
      </Loaded>
    </>
  );
}
