import { useState } from 'react';
import { type EditCreditGrantInput, EditGrantDocument, type GrantRowFragment } from '../gql/documents';
import { withUnit } from '../lib/decimal';
import { fromField, toField, When } from '../lib/time';
import { Action, Change, Consequences } from './Action';
import { CheckField, TextField, TimeField } from './fields';
import { nowOf, type Subject } from './subject';

export function EditGrant({ grant, subject, close }: { grant: GrantRowFragment; subject: Subject; close: () => void }) {
  const expiry = grant.expiresAt === null ? '' : toField(grant.expiresAt);
  const [name, setName] = useState(grant.name);
  const [expiresAt, setExpiresAt] = useState(expiry);
  const [never, setNever] = useState(grant.expiresAt === null);
  const [grantType, setGrantType] = useState(grant.grantType ?? '');
  const [reason, setReason] = useState(grant.reason ?? '');
  const build = (): EditCreditGrantInput | { path: string; message: string }[] => {
    const at = fromField(expiresAt);
    if (!never && at === undefined) return [{ path: 'expiresAt', message: 'must be a date and a time' }];
    if (name.trim() === '') return [{ path: 'name', message: 'is required' }];
    const input: EditCreditGrantInput = { id: grant.id };
    if (name !== grant.name) input.name = name;
    if (never && grant.expiresAt !== null) input.neverExpires = true;
    if (!never && expiresAt !== expiry) input.expiresAt = at;
    if (grantType !== (grant.grantType ?? '')) input.grantType = grantType;
    if (reason !== (grant.reason ?? '')) input.reason = reason;
    return input;
  };
  return (
    <Action
      title={`Edit “${grant.name}”`}
      confirm="Save changes"
      done={`Changed ${name}`}
      mutation={EditGrantDocument}
      answer={(data) => data.editCreditGrant}
      build={build}
      consequences={(input) => <Outcome input={input} grant={grant} now={nowOf(subject).toISOString()} />}
      close={close}
    >
      <TextField path="name" label="Name" value={name} set={setName} required />
      {!never && <TimeField path="expiresAt" label="Expires" value={expiresAt} set={setExpiresAt} />}
      <CheckField label="Never expires" checked={never} set={setNever} />
      <TextField path="grantType" label="Type" value={grantType} set={setGrantType} description="Free text, e.g. for reports." />
      <TextField path="reason" label="Reason" value={reason} set={setReason} long />
    </Action>
  );
}

function Outcome({ input, grant, now }: { input: EditCreditGrantInput; grant: GrantRowFragment; now: string }) {
  const unit = grant.grantAmount.creditType;
  const isOver = grant.status === 'EXPIRED';
  const before = grant.expiresAt === null ? 'never' : <When at={grant.expiresAt} />;
  const after = typeof input.expiresAt === 'string' ? input.expiresAt : null;
  const moves = after !== null || input.neverExpires === true;
  const nothing = Object.keys(input).every((name) => name === 'id' || name === 'idempotencyKey');
  return (
    <Consequences>
      {nothing && <li>Nothing changes.</li>}
      {typeof input.name === 'string' && <Change what="Name" before={grant.name} after={input.name} />}
      {moves && <Change what="Expires" before={before} after={after === null ? 'never' : <When at={after} />} />}
      {after !== null && after <= now && !isOver && (
        <li>
          That is in the past: <strong>{withUnit(grant.remaining, unit)}</strong> are written off as of then, and do not
          roll over.
        </li>
      )}
      {moves && isOver && (after === null || after > now) && (
        <li>What had expired comes back and can be spent again; what rolled over does not.</li>
      )}
      {moves && !isOver && (after === null || after > now) && (
        <li>{withUnit(grant.remaining, unit)} can be spent until then.</li>
      )}
      {typeof input.grantType === 'string' && <Change what="Type" before={grant.grantType ?? 'none'} after={input.grantType} />}
      {typeof input.reason === 'string' && <Change what="Reason" before={grant.reason ?? 'none'} after={input.reason} />}
    </Consequences>
  );
}
