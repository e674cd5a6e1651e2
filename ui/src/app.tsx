/** The frame around every page, and which page an address shows. */

import type { ComponentType } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { messageOf } from "./api/client";
import icon from "./icon.svg";
import { ExperimentPage } from "./pages/experiment";
import { ExperimentsPage } from "./pages/experiments";
import { Button, Empty, Failure, Loading } from "./parts/basics";
import { Icon, type IconName } from "./parts/icon";
import { ShortcutList } from "./parts/shortcuts";
import { tick, useShortcuts, walk } from "./state/keyboard";
import { connected } from "./state/live";
import { address, go, href, segments } from "./state/router";
import { dark, toggleTheme } from "./state/theme";
import { dismiss, toasts } from "./state/toast";

type Page<P> = ComponentType<P>;

/** A page whose code is loaded when it is first shown. */
function later<P extends object>(load: () => Promise<Page<P>>): Page<P> {
  let loaded: Page<P> | undefined;
  return function Later(props: P) {
    const [found, setFound] = useState<{ page: Page<P> } | undefined>(
      loaded ? { page: loaded } : undefined,
    );
    const [error, setError] = useState<unknown>();
    useEffect(() => {
      if (loaded) return;
      load().then((page) => {
        loaded = page;
        setFound({ page });
      }, setError);
    }, []);
    if (error) {
      const what = new Error("The server does not answer, or it was updated meanwhile.");
      return <Failure error={what} retry={() => window.location.reload()} />;
    }
    if (!found) return <Loading />;
    const Found = found.page;
    return <Found {...props} />;
  };
}

const RunPage = later(async () => (await import("./pages/run")).RunPage);
const ComparePage = later(async () => (await import("./pages/compare")).ComparePage);
const ModelsPage = later(async () => (await import("./pages/models")).ModelsPage);
const ModelPage = later(async () => (await import("./pages/model")).ModelPage);
const VersionPage = later(async () => (await import("./pages/version")).VersionPage);
const CompareVersionsPage = later(
  async () => (await import("./pages/versions")).CompareVersionsPage,
);
const TrashPage = later(async () => (await import("./pages/trash")).TrashPage);
const OperationsPage = later(async () => (await import("./pages/operations")).OperationsPage);

function Current() {
  const [first, second, third, fourth] = segments.value;
  if (first === undefined || (first === "experiments" && !second)) return <ExperimentsPage />;
  if (first === "experiments" && second) {
    if (third === "runs" && fourth) return <RunPage key={fourth} id={fourth} />;
    return <ExperimentPage key={second} id={second} />;
  }
  if (first === "compare-runs" || first === "compare") return <ComparePage />;
  if (first === "models") {
    if (!second) return <ModelsPage />;
    if (third === "versions" && fourth) {
      return <VersionPage key={`${second}/${fourth}`} name={second} version={fourth} />;
    }
    if (third === "compare") return <CompareVersionsPage name={second} />;
    return <ModelPage key={second} name={second} />;
  }
  if (first === "trash") return <TrashPage />;
  if (first === "operations") return <OperationsPage />;
  return (
    <Empty title="There is no such page" icon="help">
      <a class="link" href={href([])}>
        All experiments
      </a>
    </Empty>
  );
}

/** The page; or, if it broke over something, what that was. */
function Guarded() {
  const [error] = useErrorBoundary();
  if (!error) return <Current />;
  const what = new Error(`This page broke: ${messageOf(error)}`);
  return <Failure error={what} retry={() => window.location.reload()} />;
}

const SECTIONS: [string, string, IconName][] = [
  ["experiments", "Experiments", "flask"],
  ["models", "Models", "cube"],
  ["trash", "Trash", "trash"],
  ["operations", "Operations", "pulse"],
];

function Sidebar({ onHelp }: { onHelp: () => void }) {
  const first = segments.value[0] ?? "experiments";
  const here = first.startsWith("compare") ? "experiments" : first;
  return (
    <nav class="sidebar" aria-label="Sections">
      <a class="brand" href={href(["experiments"])}>
        <img src={icon} alt="" />
        <b>Milepost</b>
      </a>
      {SECTIONS.map(([path, label, name]) => (
        <a
          key={path}
          class="nav"
          href={href([path])}
          {...(here === path ? { "aria-current": "page" as const } : {})}
          title={label}
        >
          <Icon name={name} />
          <span>{label}</span>
        </a>
      ))}
      <div class="sidebar-foot">
        <button type="button" class="nav" onClick={toggleTheme} title="Light or dark">
          <Icon name={dark.value ? "sun" : "moon"} />
          <span>{dark.value ? "Light theme" : "Dark theme"}</span>
        </button>
        <button type="button" class="nav" onClick={onHelp} title="Keyboard shortcuts">
          <Icon name="help" />
          <span>Shortcuts</span>
        </button>
        <div class="live" title="Changes on the server appear by themselves">
          <i class={`dot ${connected.value ? "ok" : ""}`} />
          {connected.value ? "Live" : "Not live"}
        </div>
      </div>
    </nav>
  );
}

function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.kind}`}>
          <span class="grow">{toast.text}</span>
          {toast.undo && (
            <Button
              label="Undo"
              kind="quiet"
              onClick={() => {
                toast.undo?.();
                dismiss(toast.id);
              }}
            />
          )}
          <Button
            label="Dismiss"
            icon="close"
            kind="quiet"
            iconOnly
            onClick={() => dismiss(toast.id)}
          />
        </div>
      ))}
    </div>
  );
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>("#search, .main input[type=search]")?.focus();
}

export function App() {
  const [help, setHelp] = useState(false);
  useShortcuts([
    { keys: "/", label: "Search or filter", run: focusSearch },
    { keys: "j", label: "Next row", run: () => walk(1) },
    { keys: "k", label: "Previous row", run: () => walk(-1) },
    { keys: "x", label: "Select the row", run: tick },
    { keys: "?", label: "This list", run: () => setHelp(true) },
    { keys: "g e", label: "Go to experiments", run: () => go(href(["experiments"])) },
    { keys: "g m", label: "Go to models", run: () => go(href(["models"])) },
    { keys: "g t", label: "Go to the trash", run: () => go(href(["trash"])) },
    { keys: "g o", label: "Go to operations", run: () => go(href(["operations"])) },
    { keys: "t", label: "Light or dark", run: toggleTheme },
  ]);
  return (
    <div class="shell">
      <Sidebar onHelp={() => setHelp(true)} />
      <main class="main" id="main">
        <Guarded key={address.value.path} />
      </main>
      <Toasts />
      {help && <ShortcutList onClose={() => setHelp(false)} />}
    </div>
  );
}
