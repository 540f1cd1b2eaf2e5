import type { EntryRowFragment } from '../gql/documents';

const COLUMNS: [string, (entry: EntryRowFragment) => string | null | undefined][] = [
  ['sequence', (entry) => entry.sequence],
  ['credit_type', (entry) => text(entry.creditType.name)],
  ['kind', (entry) => entry.kind],
  ['amount', (entry) => entry.amount],
  ['running_balance', (entry) => entry.runningBalance],
  ['effective_at', (entry) => entry.effectiveAt],
  ['recorded_at', (entry) => entry.recordedAt],
  ['created_by', (entry) => text(entry.createdBy)],
  ['reason', (entry) => text(entry.reason)],
  ['credit_grant', (entry) => text(entry.creditGrant?.name)],
  ['credit_grant_id', (entry) => entry.creditGrant?.id],
  ['credit', (entry) => text(entry.credit?.name)],
  ['credit_id', (entry) => entry.credit?.id],
  ['segment_id', (entry) => entry.segmentId],
  ['drawdown_id', (entry) => entry.drawdown?.id],
  ['invoice_id', (entry) => text(entry.invoiceId)],
  ['hash', (entry) => entry.hash],
];

/** RFC 4180; amounts with all their digits, times in UTC. */
export function ledgerCsv(entries: EntryRowFragment[]): string {
  const lines = entries.map((entry) => COLUMNS.map(([, of]) => quoted(of(entry) ?? '')));
  const head = COLUMNS.map(([name]) => name);
  return `${[head, ...lines].map((line) => line.join(',')).join('\r\n')}\r\n`;
}

/** Free text: what a spreadsheet would take for a formula is marked as text. */
function text(value: string | null | undefined): string {
  const given = value ?? '';
  return /^[=+\-@\t\r]/.test(given) ? `'${given}` : given;
}

function quoted(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value;
}

export function saveFile(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
