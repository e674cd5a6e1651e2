/** Whether an element is in sight. */

import { useEffect, useRef, useState } from "preact/hooks";

/** A ref for an element, and whether that is in sight or nearer to it than `margin` pixels. */
export function useInView<E extends HTMLElement>(margin: number) {
  const ref = useRef<E>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => setSeen(entries.at(-1)?.isIntersecting ?? false),
      { rootMargin: `${margin}px` },
    );
    if (ref.current) observer.observe(ref.current);
    return () => observer.disconnect();
  }, [margin]);
  return { ref, seen };
}
