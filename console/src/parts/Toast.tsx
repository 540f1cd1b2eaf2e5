import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react';

const Told = createContext<(message: string) => void>(() => undefined);

/** Says that something was done: seen for a while, and read out. */
export function useToast() {
  return useContext(Told);
}

export function Toasts({ children }: { children: ReactNode }) {
  const [told, setTold] = useState<{ message: string } | null>(null);
  const tell = useCallback((message: string) => setTold({ message }), []);
  useEffect(() => {
    if (told === null) return undefined;
    const timer = window.setTimeout(() => setTold(null), 5000);
    return () => window.clearTimeout(timer);
  }, [told]);
  return (
    <Told.Provider value={tell}>
      {children}
      <div role="status" className={told === null ? 'toast hidden' : 'toast'}>
        {told?.message}
      </div>
    </Told.Provider>
  );
}
