/** The top line of a page: where it is, its title, what can be done with it. */

import type { ComponentChildren } from "preact";
import { Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { Button } from "./basics";
import { Icon } from "./icon";

/** Says that what the page shows is deleted, with the way back. */
export function InTrash({ onRestore }: { onRestore: () => void }) {
  return (
    <>
      <span class="chip">In the trash</span>
      <Button label="Restore" icon="restore" onClick={onRestore} />
    </>
  );
}

interface HeadProps {
  title: string;
  crumbs?: [string, string][];
  children?: ComponentChildren;
  before?: ComponentChildren;
}

export function Head({ title, crumbs = [], before, children }: HeadProps) {
  useEffect(() => {
    document.title = title ? `${title} · Milepost` : "Milepost";
  }, [title]);
  return (
    <header class="page-head">
      <div class="crumbs grow">
        {crumbs.map(([label, target]) => (
          <Fragment key={target}>
            <a href={target} class="ellipsis">
              {label}
            </a>
            <Icon name="chevron" size={12} />
          </Fragment>
        ))}
        {before}
        <h1 class="ellipsis">{title}</h1>
      </div>
      {children}
    </header>
  );
}
