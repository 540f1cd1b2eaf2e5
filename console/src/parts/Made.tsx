import { Button, Modal } from '@mantine/core';
import { copy } from '../lib/graphql';
import { useToast } from './Toast';

/** Text that is shown this once. */
export function Made({ text, close, title = 'The key' }: { text: string; close: () => void; title?: string }) {
  const toast = useToast();
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <p>It is shown this once and kept nowhere. Keep it where secrets are kept.</p>
      <p className="secret">
        <code>{text}</code>
      </p>
      <div className="form-foot">
        <Button
          variant="default"
          size="sm"
          onClick={() => {
            void copy(text).then(() => toast('Copied'));
          }}
        >
          Copy
        </Button>
        <Button size="sm" onClick={close}>
          Done
        </Button>
      </div>
    </Modal>
  );
}
