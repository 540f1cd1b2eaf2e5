import { Button, Menu } from '@mantine/core';
import type { TypedDocumentNode } from '@urql/core';
import { asGraphql, asText, copy } from '../lib/graphql';
import { useToast } from './Toast';
import { useViewer } from './Viewer';

/** On every list and action: the request behind it, to take elsewhere. */
export function CopyGraphql<D, V extends Record<string, unknown>>({
  document,
  variables,
}: {
  document: TypedDocumentNode<D, V>;
  variables: NoInfer<V>;
}) {
  const toast = useToast();
  const { role } = useViewer();
  // A seller's customer looks at figures, not at requests.
  if (role === 'CUSTOMER') return null;
  const take = async () => {
    await copy(asText(asGraphql(document, variables)));
    toast('Copied as GraphQL');
  };
  const open = () => {
    const given = asGraphql(document, variables);
    window.location.assign(`/graphiql#${new URLSearchParams(given).toString()}`);
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button variant="subtle" color="gray" className="quiet">
          GraphQL <span aria-hidden="true">&nbsp;▾</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void take()}>Copy as GraphQL</Menu.Item>
        <Menu.Item onClick={open}>Open in GraphiQL</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
