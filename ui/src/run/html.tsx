/** A logged HTML file, on a page of its own origin that may run scripts but reach nothing. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { type Place, readText } from "../api/artifacts";
import { Failure, Loading } from "../parts/basics";
import { useAsync } from "../state/async";

const MOST = 32 * 1024 * 1024;
const PLOTLY =
  /<script\b[^>]*\ssrc=["']https:\/\/cdn\.plot\.ly\/plotly[^"']*["'][^>]*><\/script>/gi;
const OUTSIDE = /<(?:script|link|img|iframe)\b[^>]*\s(?:src|href)=["'](?:https?:)?\/\/([^/"']+)/gi;

/** The hosts that an HTML text wants parts from. */
export function hostsOf(html: string): string[] {
  return [...new Set([...html.matchAll(OUTSIDE)].map((found) => found[1] as string))];
}

/** The text with the script of Plotly's figures, which clients leave to a foreign host, inside. */
export function withScript(html: string, script: string): string {
  const inside = `<script>${script.replaceAll("</script", "<\\/script")}</script>`;
  return html.replace(PLOTLY, () => inside);
}

async function complete(html: string, signal: AbortSignal): Promise<string> {
  if (html.search(PLOTLY) < 0) return html;
  const { default: address } = await import(
    "plotly.js-cartesian-dist-min/plotly-cartesian.min.js?url"
  );
  const reply = await fetch(new URL(address, document.baseURI), { signal });
  return withScript(html, await reply.text());
}

export function Html({ place, path }: { place: Place; path: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const { data, error, reload } = useAsync(
    async (signal) => complete((await readText(place, path, MOST, signal)).text, signal),
    [path],
  );
  // Before the frame can ask: it asks once.
  useLayoutEffect(() => {
    if (data === undefined) return;
    const ready = (event: MessageEvent) => {
      const target = frame.current?.contentWindow;
      if (event.source === target) target?.postMessage(data, "*");
    };
    window.addEventListener("message", ready);
    return () => window.removeEventListener("message", ready);
  }, [data]);
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (data === undefined) return <Loading />;
  const hosts = hostsOf(data);
  return (
    <>
      {hosts.length > 0 && (
        <p class="preview-note">
          Parts of it from {hosts.join(", ")} are not loaded here. Download it to see all of it.
        </p>
      )}
      <iframe
        ref={frame}
        class="preview-html"
        title={path}
        sandbox="allow-scripts"
        src={new URL("preview", document.baseURI).href}
      />
    </>
  );
}
