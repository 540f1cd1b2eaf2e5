import { Alert, Button, PasswordInput } from '@mantine/core';
import { type SyntheticEvent, useState } from 'react';
import { useTitle } from '../lib/title';

export function SignIn({ refused, enter }: { refused: boolean; enter: (key: string) => void }) {
  useTitle('Sign in');
  const [key, setKey] = useState('');
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (key.trim() !== '') enter(key);
  };
  return (
    <main className="sign-in">
      <form onSubmit={submit} aria-label="Sign in">
        <h1>
          <img src="/console/scrip.svg" alt="" width="28" height="28" /> Scrip
        </h1>
        {refused && (
          <Alert color="red" variant="outline" role="alert" mb="md">
            This key is not accepted: it is unknown, was revoked or has run out.
          </Alert>
        )}
        <PasswordInput
          label="Key"
          description="An API key, as the first start of the server or “scrip key create” showed it. It is kept in this tab only."
          placeholder="scrip_…"
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          size="sm"
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
        />
        <Button type="submit" size="sm" mt="md" fullWidth>
          Sign in
        </Button>
      </form>
    </main>
  );
}
