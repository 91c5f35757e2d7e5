import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The server that `npm run dev` talks to; see docs/guide/ui.md.
const server = process.env["PIPEWRIGHT_SERVER"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  // Relative, because the same files are served at `/` and at `/pipeline/`.
  base: "./",
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      // Of the unpackers only what is used: one starts WebAssembly as it is loaded, which the pages' policy forbids.
      treeshake: { moduleSideEffects: (id) => !id.includes("hyparquet-compressors") && !id.includes("hysnappy") },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ["/apis", "/pipeline/apis", "/artifacts", "/k8s"].map((path) => [path, { target: server, changeOrigin: true }]),
    ),
  },
  // A busy machine is no mistake of a test.
  test: { testTimeout: 60_000, environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["src/test-setup.ts"] },
});
