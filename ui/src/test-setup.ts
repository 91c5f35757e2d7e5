import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// What jsdom lacks and the components use.
globalThis.CSS ??= {} as typeof CSS;
CSS.escape ??= (text: string) => text.replace(/[^\w-]/g, (letter) => `\\${letter}`);
window.matchMedia ??= ((query: string) => ({ matches: false, media: query, addEventListener: () => {}, removeEventListener: () => {} })) as unknown as typeof window.matchMedia;
window.scrollTo = () => {};

afterEach(cleanup);
