import { Table } from '@mantine/core';
import { useQuery } from 'urql';
import { VerificationDocument } from '../gql/documents';
import { useAskAgain } from '../lib/await';
import { When } from '../lib/time';
import { Empty } from '../parts/bits';
import { CopyGraphql } from '../parts/CopyGraphql';
import { Loaded } from '../parts/Loaded';
import { List } from '../parts/Paged';
import { useTitle } from '../lib/title';

/** Whether the books are right: what the last check of all of them found. */
export function Verification() {
  useTitle('Verification');
  const result = useQuery({ query: VerificationDocument });
  const [{ data }, ask] = result;
  useAskAgain(data?.verification === null, ask);
  return (
    <>
      <div className="page-head">
        <h1>Verification</h1>
        <div className="tools">
          <CopyGraphql document={VerificationDocument} variables={{}} />
        </div>
      </div>
      <Loaded result={result} rows={4}>
        {({ verification: check }) =>
          check === null ? (
            <Empty title="The books have not been checked yet">
              The server does so once a day, and soon after its first start; <code>scrip verify</code> does it by hand.
            </Empty>
          ) : (
            <>
              <section className={`verdict ${check.healthy ? 'good' : 'bad'}`} aria-label="The last check">
                <p className="verdict-word">
                  {check.healthy ? 'All books are right' : `${check.problemCount} rows are wrong`}
                </p>
                <p className="dim">
                  Checked <When at={check.checkedAt} />: the digest of every row, the hash of every entry and of the one
                  before it, and all sums. It took {took(check.startedAt, check.checkedAt)}.
                </p>
              </section>
              {check.problems.length > 0 && (
                <>
                  <List label="Problems" columns={['Table', 'Row', 'What is wrong']}>
                    {check.problems.map(({ table, row, message }, index) => (
                      <Table.Tr key={index}>
                        <Table.Th scope="row">
                          <code>{table}</code>
                        </Table.Th>
                        <Table.Td>
                          <code>{row}</code>
                        </Table.Td>
                        <Table.Td>{message}</Table.Td>
                      </Table.Tr>
                    ))}
                  </List>
                  {check.problemCount > check.problems.length && (
                    <p className="dim">
                      These are the first {check.problems.length}; <code>scrip verify</code> names all.
                    </p>
                  )}
                </>
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}

function took(from: string, until: string): string {
  const seconds = (new Date(until).getTime() - new Date(from).getTime()) / 1000;
  return seconds < 1 ? 'less than a second' : `${Math.round(seconds)} seconds`;
}
