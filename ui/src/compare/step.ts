/** How clients name images that belong to a step. */

/** The name of an image without its step, and the step (0 without one), as mlflow.log_image names
 * them: name%step%5%timestamp%... */
export function stepOf(path: string): { name: string; step: number } {
  const parts = /^(.*?)[%+]step[%+](\d+)/.exec(path);
  if (parts) return { name: parts[1] ?? path, step: Number(parts[2]) };
  const digits = /^(.*?)[_-](?:step|epoch)?[_-]?(\d+)(\.\w+)$/.exec(path);
  return digits
    ? { name: `${digits[1]}${digits[3]}`, step: Number(digits[2]) }
    : { name: path, step: 0 };
}
