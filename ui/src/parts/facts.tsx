/** Names and values, one below the other. */

import type { ComponentChildren } from "preact";
import { Fragment } from "preact";

export function Facts({ items }: { items: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {items.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value || <span class="none">–</span>}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
