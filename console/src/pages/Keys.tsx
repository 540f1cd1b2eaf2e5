import { Button, Switch, Table } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Action, Consequences } from '../actions/Action';
import { ChoiceField, TextField } from '../actions/fields';
import {
  ApiKeysDocument,
  type ApiKeysQuery,
  type ApiKeysQueryVariables,
  CreateApiKeyDocument,
  RevokeApiKeyDocument,
  type Role,
} from '../gql/documents';
import { When } from '../lib/time';
import { Empty, Scroll } from '../parts/bits';
import { CopyGraphql } from '../parts/CopyGraphql';
import { Loaded } from '../parts/Loaded';
import { Made } from '../parts/Made';
import { Pager, usePlace } from '../parts/Pager';

const ROLES: Partial<Record<Role, string>> = {
  ADMIN: 'Admin: everything',
  OPERATOR: 'Operator: all but keys and settings',
  READER: 'Reader: reads',
};

type Key = ApiKeysQuery['apiKeys'] extends infer List ? NonNullable<List> extends { nodes: (infer Row)[] } ? Row : never : never;

/** The keys of the installation. */
export function Keys() {
  const [revoked, setRevoked] = useState(false);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const place = usePlace(50, String(revoked));
  const variables: ApiKeysQueryVariables = { includeRevoked: revoked, order: 'NEWEST_FIRST', ...place.variables };
  const result = useQuery({
    query: ApiKeysDocument,
    variables,
    context: KEYS,
  });
  return (
    <>
      <div className="page-head">
        <h1>Keys</h1>
        <div className="tools">
          <CopyGraphql document={ApiKeysDocument} variables={variables} />
          <Button onClick={() => setCreating(true)}>New key</Button>
        </div>
      </div>
      <div className="filters">
        <Switch
          label="Also revoked"
          checked={revoked}
          onChange={(event) => setRevoked(event.currentTarget.checked)}
        />
      </div>
      <Loaded result={result} rows={6}>
        {({ apiKeys }) =>
          apiKeys === null || apiKeys.nodes.length === 0 ? (
            <Empty title="No keys" />
          ) : (
            <>
              <List keys={apiKeys.nodes} revoke={setRevoking} />
              <Pager page={apiKeys.pageInfo} go={place.go} what="keys" />
            </>
          )
        }
      </Loaded>
      {creating && <NewKey close={() => setCreating(false)} made={setMade} />}
      {revoking !== null && <Revoke of={revoking} close={() => setRevoking(null)} />}
      {made !== null && <Made text={made} close={() => setMade(null)} />}
    </>
  );
}

const KEYS = { additionalTypenames: ['ApiKey'] };

function List({ keys, revoke }: { keys: Key[]; revoke: (key: Key) => void }) {
  return (
    <Scroll label="Keys">
      <Table className="list">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Role</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>By</Table.Th>
            <Table.Th>Revoked</Table.Th>
            <Table.Th>
              <span className="offscreen">Actions</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((key) => (
            <Table.Tr key={key.id}>
              <Table.Th scope="row">{key.name}</Table.Th>
              <Table.Td>{ROLES[key.role]?.split(':')[0]}</Table.Td>
              <Table.Td>
                <When at={key.createdAt} />
              </Table.Td>
              <Table.Td className="dim">{key.createdBy}</Table.Td>
              <Table.Td>{key.revokedAt !== null && <When at={key.revokedAt} />}</Table.Td>
              <Table.Td className="row-actions">
                {key.revokedAt === null && (
                  <Button
                    variant="subtle"
                    className="quiet"
                    aria-label={`Revoke ${key.name}`}
                    onClick={() => revoke(key)}
                  >
                    Revoke
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

function NewKey({ close, made }: { close: () => void; made: (text: string) => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState('READER');
  return (
    <Action
      title="New key"
      confirm="Create key"
      done={`Created the key ${name}`}
      mutation={CreateApiKeyDocument}
      answer={(data) => data.createApiKey}
      build={() => ({ name, role: role as Role })}
      consequences={() => (
        <Consequences>
          <li>
            Whoever has the key is <strong>{name}</strong> in the books, as {ROLES[role as Role]}.
          </li>
          <li>Its text is shown once, after this.</li>
        </Consequences>
      )}
      carriedOut={(data) => {
        const text = data.createApiKey?.key;
        if (typeof text === 'string') made(text);
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
