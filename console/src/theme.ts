import { createTheme, type MantineColorsTuple } from '@mantine/core';

const scrip: MantineColorsTuple = [
  '#eef6f5',
  '#dceae8',
  '#b5d4d0',
  '#8bbdb7',
  '#68aaa2',
  '#519d95',
  '#3f8f87',
  '#2b7a72',
  '#1f6660',
  '#15514c',
];

/** How everything looks. `vite.config.ts` writes its variables to a style sheet. */
export const theme = createTheme({
  primaryColor: 'scrip',
  primaryShade: { light: 8, dark: 7 },
  colors: { scrip },
  defaultRadius: 'sm',
  fontFamily:
    'Inter, "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // To lock the scroll, both would write a style element, which the policy forbids; app.css does it.
    Modal: { defaultProps: { lockScroll: false } },
    Drawer: { defaultProps: { lockScroll: false } },
    // Both would be a second banner of the page.
    DrawerHeader: { defaultProps: { role: 'presentation' } },
    ModalHeader: { defaultProps: { role: 'presentation' } },
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'sm' } },
    NativeSelect: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { withArrow: true } },
  },
});
