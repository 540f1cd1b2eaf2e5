import { Link } from 'wouter';
import type { EventsQuery } from '../gql/documents';
import { grouped } from '../lib/decimal';
import { KINDS } from '../lib/words';
import { useViewer } from './Viewer';

type Event = EventsQuery['events']['nodes'][number];
type Subject = NonNullable<Event['subject']>;

/** What changed: its kind, its name, the start of its id; it leads to where it is seen. */
export function EventSubject({ event }: { event: Event }) {
  const { role } = useViewer();
  const { subject, subjectId } = event;
  const { kind, name } = said(subject, event.type);
  const to = placeOf(event, role === 'ADMIN');
  const words = name ?? kind;
  return (
    <>
      {to === null ? words : <Link href={to}>{words}</Link>}
      <span className="sub" title={subjectId}>
        {name !== null && `${kind} `}
        <code>…{subjectId.slice(-8)}</code>
      </span>
    </>
  );
}

/** Its kind and its name; what is there no more, or is no object of its own, is told by the event's type. */
function said(subject: Subject | null, type: string): { kind: string; name: string | null } {
  switch (subject?.__typename) {
    case 'Customer':
      return { kind: 'Customer', name: subject.customerName };
    case 'CreditGrant':
      return { kind: 'Grant', name: subject.grantName };
    case 'Credit':
      return { kind: 'Credit', name: subject.creditName ?? subject.product.name };
    case 'CreditType':
      return { kind: 'Credit type', name: subject.unitName };
    case 'Product':
      return { kind: 'Product', name: subject.productName };
    case 'Contract':
      return { kind: 'Contract', name: subject.contractName };
    case 'ApiKey':
      return { kind: 'Key', name: subject.keyName };
    case 'TestClock':
      return { kind: 'Test clock', name: subject.clockName };
    case 'Drawdown':
      return { kind: 'Drawdown', name: `${grouped(subject.drawn)} ${subject.drawnType.name}` };
    case 'LedgerEntry': {
      const { entryGrant, entryCredit } = subject;
      const of = entryGrant?.name ?? entryCredit?.name ?? entryCredit?.product.name ?? 'Entry';
      return { kind: `${KINDS[subject.entryKind]}, entry ${subject.sequence} in ${subject.entryType.name}`, name: of };
    }
    default: {
      const [noun = type] = type.split('.');
      const words = noun.replaceAll('_', ' ');
      return { kind: words.charAt(0).toUpperCase() + words.slice(1), name: null };
    }
  }
}

/** The page on which it is seen, if any. */
function placeOf({ subject, customer, type, subjectId }: Event, isAdmin: boolean): string | null {
  if (subject?.__typename === 'Customer') return `/console/customers/${subject.id}`;
  if (type.startsWith('webhook_endpoint.') && isAdmin) return `/console/webhooks/${subjectId}`;
  if (subject?.__typename === 'ApiKey') return isAdmin ? '/console/keys' : null;
  if (customer === null) return null;
  const page = `/console/customers/${customer.id}`;
  switch (subject?.__typename) {
    case 'CreditGrant':
    case 'Credit':
      return page;
    case 'LedgerEntry':
      return `${page}?${new URLSearchParams({ tab: 'ledger', unit: subject.entryType.id })}`;
    case 'Drawdown':
      return `${page}?tab=drawdowns`;
    default:
      return null;
  }
}
