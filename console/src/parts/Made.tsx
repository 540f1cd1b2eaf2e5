import { Button, Modal } from '@mantine/core';
import { copy } from '../lib/graphql';
import { useToast } from './Toast';

/** What a form hands over: a text, or none where the answer to it was lost. */
export interface MadeText {
  text: string | null;
}

interface MadeProps {
  /** Null where the first answer, the only one that has it, was lost. */
  text: string | null;
  title?: string;
  /** What to do where the text was lost. */
  lost: string;
  close: () => void;
}

/** Text that is shown this once: only its own button closes it. */
export function Made({ text, close, lost, title = 'The key' }: MadeProps) {
  const toast = useToast();
  const kept = { closeOnEscape: false, closeOnClickOutside: false, withCloseButton: false };
  if (text === null) {
    return (
      <Modal opened onClose={close} title={title} {...kept}>
        <p>
          It was made, but the answer that had its text was lost on its way, and the text is kept nowhere. {lost}
        </p>
        <div className="form-foot">
          <Button size="sm" onClick={close}>
            Done
          </Button>
        </div>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={close} title={title} {...kept}>
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
