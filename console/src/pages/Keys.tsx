import { Button, Switch, Table } from '@mantine/core';
import { useState } from 'react';
import { Action, Consequences } from '../actions/Action';
import { Check, ChoiceField, TextField } from '../actions/fields';
import {
  ApiKeysDocument,
  type ApiKeysQuery,
  CreateApiKeyDocument,
  RevokeApiKeyDocument,
  type Role,
} from '../gql/documents';
import { When } from '../lib/time';
import { useInAddress } from '../lib/address';
import { Empty } from '../parts/bits';
import { Made, type MadeText } from '../parts/Made';
import { List, Page, usePaged } from '../parts/Paged';
import { useTitle } from '../lib/title';

const ROLES: Partial<Record<Role, string>> = {
  ADMIN: 'Admin: everything',
  OPERATOR: 'Operator: all but keys and settings',
  READER: 'Reader: reads',
};

type Key = NonNullable<ApiKeysQuery['apiKeys']>['nodes'][number];

/** The keys of the installation. */
export function Keys() {
  useTitle('Keys');
  const [revoked, setRevoked] = useInAddress('revoked', 'no', 'keys');
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const [made, setMade] = useState<MadeText | null>(null);
  const asked = { includeRevoked: revoked === 'yes', order: 'NEWEST_FIRST' as const };
  const paged = usePaged('keys', 50, ApiKeysDocument, asked, KEYS);
  return (
    <>
      <div className="page-head">
        <h1>Keys</h1>
        <div className="tools">
          {paged.copy}
          <Button onClick={() => setCreating(true)}>New key</Button>
        </div>
      </div>
      <div className="filters">
        <Switch
          label="Also revoked"
          checked={revoked === 'yes'}
          onChange={(event) => setRevoked(event.currentTarget.checked ? 'yes' : 'no')}
        />
      </div>
      <Page of={paged} list={({ apiKeys }) => apiKeys} what="keys" none={<Empty title="No keys" />}>
        {(keys) => (
          <List label="Keys" columns={['Name', 'Role', { time: 'Made' }, 'By', { time: 'Revoked' }]} withActions>
            {keys.map((key) => (
              <Row key={key.id} of={key} revoke={() => setRevoking(key)} />
            ))}
          </List>
        )}
      </Page>
      {creating && <NewKey close={() => setCreating(false)} made={(text) => setMade({ text })} />}
      {revoking !== null && <Revoke of={revoking} close={() => setRevoking(null)} />}
      {made !== null && <Made text={made.text} lost="Revoke this key and make another." close={() => setMade(null)} />}
    </>
  );
}

const KEYS = { additionalTypenames: ['ApiKey'] };

function Row({ of: key, revoke }: { of: Key; revoke: () => void }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" className="name-cell">{key.name}</Table.Th>
      <Table.Td>{ROLES[key.role]?.split(':')[0]}</Table.Td>
      <Table.Td>
        <When at={key.createdAt} />
      </Table.Td>
      <Table.Td className="dim">{key.createdBy}</Table.Td>
      <Table.Td>{key.revokedAt !== null && <When at={key.revokedAt} />}</Table.Td>
      <Table.Td className="row-actions">
        {key.revokedAt === null && (
          <Button variant="subtle" className="quiet" aria-label={`Revoke ${key.name}`} onClick={revoke}>
            Revoke
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function NewKey({ close, made }: { close: () => void; made: (text: string | null) => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState('READER');
  return (
    <Action
      title="New key"
      confirm="Create key"
      done={`Created the key ${name}`}
      mutation={CreateApiKeyDocument}
      answer={(data) => data.createApiKey}
      build={() => {
        const check = new Check();
        const input = { name: check.text('name', name), role: role as Role };
        return check.faults.length > 0 ? check.faults : input;
      }}
      consequences={() => (
        <Consequences>
          <li>
            Whoever has the key is <strong>{name}</strong> in the books, as {ROLES[role as Role]}.
          </li>
          <li>Its text is shown once, after this.</li>
        </Consequences>
      )}
      carriedOut={(data) => {
        made(data.createApiKey?.key ?? null);
      }}
      close={close}
    >
      <TextField path="name" label="Name" value={name} set={setName} required description="The actor in the books." />
      <ChoiceField
        path="role"
        label="Role"
        value={role}
        set={setRole}
        choices={Object.entries(ROLES).map(([value, label]) => ({ value, label }))}
      />
    </Action>
  );
}

function Revoke({ of, close }: { of: Key; close: () => void }) {
  return (
    <Action
      title={`Revoke “${of.name}”`}
      confirm="Revoke key"
      done={`Revoked ${of.name}`}
      danger
      mutation={RevokeApiKeyDocument}
      answer={(data) => data.revokeApiKey}
      build={() => ({ id: of.id })}
      consequences={() => (
        <Consequences>
          <li>
            The key <strong>{of.name}</strong> is refused from now on, by every server within a second.
          </li>
          <li>What it did stays in the books under its name. This cannot be taken back.</li>
        </Consequences>
      )}
      close={close}
    >
      <p>Whatever still uses this key stops working.</p>
    </Action>
  );
}
