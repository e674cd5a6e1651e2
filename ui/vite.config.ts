import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const OUT = "../src/milepost/http/static";

/** Leaves a .br and a .gz beside each file, so that the server compresses nothing itself. */
function precompress(): Plugin {
  const folders = [OUT, join(OUT, "assets")];
  return {
    name: "precompress",
    closeBundle() {
      for (const folder of folders) {
        for (const entry of readdirSync(folder, { withFileTypes: true })) {
          if (!entry.isFile() || /\.(br|gz)$/.test(entry.name)) continue;
          const path = join(folder, entry.name);
          const data = readFileSync(path);
          const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
          writeFileSync(`${path}.br`, brotliCompressSync(data, quality));
          writeFileSync(`${path}.gz`, gzipSync(data, { level: 9 }));
        }
      }
    },
  };
}

export default defineConfig({
  // Relative URLs: the same files work under any --static-prefix and behind any proxy.
  base: "./",
  plugins: [precompress()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { "/ajax-api": "http://127.0.0.1:5000" } },
});
