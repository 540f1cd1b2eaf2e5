import { createContext, useContext } from 'react';
import type { ViewerQuery } from '../gql/documents';

export type Who = ViewerQuery['viewer'];

export const ViewerContext = createContext<Who | null>(null);

export function useViewer(): Who {
  const viewer = useContext(ViewerContext);
  if (viewer === null) throw new Error('nobody is signed in');
  return viewer;
}

/** Who may write sees the buttons for it. */
export function useMayWrite(): boolean {
  const { role } = useViewer();
  return role === 'ADMIN' || role === 'OPERATOR';
}
