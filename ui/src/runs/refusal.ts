/** What the server says of a filter that it does not understand. */

import { useEffect } from "preact/hooks";
import { ApiError, messageOf } from "../api/client";

/** Hands such words to whoever shows them, "" for any other error or none; whether there are some. */
export function useRefusal(error: unknown, tell: (message: string) => void): boolean {
  const text = error instanceof ApiError && error.status === 400 ? messageOf(error) : "";
  // By the error, not its words: the next filter may be refused in the same ones.
  useEffect(() => tell(text), [error, tell]);
  return text !== "";
}
